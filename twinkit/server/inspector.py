"""The inspector page: what an instance holds and what happened to it, as one self-contained HTML document.

Imports: views. The page asks the control plane it belongs to and nothing else.
"""

from __future__ import annotations

from html import escape

from twinkit.instance import Instance
from twinkit.server.hosting import Hosting

STYLE = """
body{font:14px/1.5 system-ui,sans-serif;margin:0;color:#1a1f36;background:#f6f8fa}
header{background:#1a1f36;color:#fff;padding:12px 24px}header b{font-size:18px}
main{display:grid;grid-template-columns:220px 1fr;gap:16px;padding:16px 24px}
nav button{display:block;width:100%;text-align:left;border:0;background:none;padding:4px 8px;
cursor:pointer;font:inherit}
nav button.on{background:#635bff;color:#fff;border-radius:4px}
table{border-collapse:collapse;width:100%;background:#fff}td,th{border-bottom:1px solid #e3e8ee;padding:4px 8px;
text-align:left;vertical-align:top;max-width:480px;overflow-wrap:anywhere}pre{margin:0;white-space:pre-wrap}
"""
SCRIPT = """
const at = document.body.dataset.at, nav = document.querySelector('nav'), out = document.querySelector('section');
const cell = v => { const td = document.createElement('td'); const pre = document.createElement('pre');
  pre.textContent = typeof v === 'object' ? JSON.stringify(v, null, 1) : String(v); td.append(pre); return td; };
function show(rows) { out.replaceChildren(); if (!rows.length) { out.textContent = 'nothing yet'; return; }
  const keys = [...new Set(rows.flatMap(Object.keys))]; const table = document.createElement('table');
  const head = table.insertRow(); keys.forEach(k => { const th = document.createElement('th');
  th.textContent = k; head.append(th); });
  rows.forEach(r => { const tr = table.insertRow(); keys.forEach(k => tr.append(cell(r[k] ?? ''))); });
  out.append(table); }
async function get(path) { return (await fetch(at + '/_twin/' + path)).json(); }
function tab(name, load) { const b = document.createElement('button'); b.textContent = name;
  b.onclick = async () => { nav.querySelectorAll('button').forEach(x => x.classList.remove('on'));
  b.classList.add('on'); show(await load()); }; nav.append(b); return b; }
const first = tab('exchanges', async () => (await get('exchanges?limit=200')).exchanges.reverse());
tab('events', async () => (await get('events')).events.reverse());
tab('deliveries', async () => (await get('deliveries')).deliveries.reverse());
tab('changes', async () => (await get('changes')).changes.reverse());
tab('faults', async () => (await get('faults')).rules);
get('state').then(s => Object.entries(s.resources).forEach(([name, n]) =>
  tab(`${name} (${n})`, async () => (await get('state/' + name)).records)));
first.click();
"""


def page(hosting: Hosting, instance: Instance) -> str:
    """The page for one instance."""
    at = "" if instance.name == "default" else f"/i/{instance.name}"
    title = escape(f"{hosting.twin.name} · {instance.name}")
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title><style>{STYLE}</style>"
        f'<body data-at="{escape(at)}"><header><b>{title}</b> seed {instance.seed}, '
        f"clock {instance.clock.mode}</header>"
        f"<main><nav></nav><section></section></main><script>{SCRIPT}</script></body></html>"
    )
