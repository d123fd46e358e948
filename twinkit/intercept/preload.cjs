// Put before a Node program by `twin run --intercept` (NODE_OPTIONS=--require): connections to twinned hosts go to the
// local front, others are refused and reported. Works below http, https, tls, fetch (undici) and every library on them.
'use strict';
const fs = require('fs');
const net = require('net');
const dns = require('dns');

const path = process.env.TWINKIT_INTERCEPT;
if (path && fs.existsSync(path)) install(JSON.parse(fs.readFileSync(path, 'utf8')));

function install(given) {
  const covers = (patterns, host) => patterns.some((pattern) => {
    const name = host.toLowerCase().replace(/\.$/, '');
    return pattern.startsWith('*.') ? name.endsWith(pattern.slice(1).toLowerCase()) : name === pattern.toLowerCase();
  });
  const local = (host) => !host || /^(localhost|127\.|::1$|::ffff:127\.|0\.0\.0\.0$)/i.test(host) || /\.localhost$/i.test(host);
  const original = net.Socket.prototype.connect;

  net.Socket.prototype.connect = function connect(...args) {
    // Node passes its own normalized argument array on; it is changed in place, so that its mark stays.
    const normalized = Array.isArray(args[0]) ? args[0] : null;
    let options = normalized ? normalized[0] : args[0];
    if (typeof options === 'number' || (typeof options === 'string' && /^\d+$/.test(options))) {
      options = { port: Number(options), host: typeof args[1] === 'string' ? args[1] : 'localhost' };
      args.splice(0, typeof args[1] === 'string' ? 2 : 1, options);
    }
    if (!options || typeof options !== 'object' || options.path) return original.apply(this, args);
    const host = options.host || options.hostname || '';
    if (local(host)) return original.apply(this, args);
    if (covers(given.hosts, host)) {
      const port = Number(options.port) === 80 || Number(options.port) === 8080 ? given.plain_port : given.tls_port;
      const redirected = { ...options, host: '127.0.0.1', hostname: '127.0.0.1', port, lookup: undefined };
      if (normalized) normalized[0] = redirected; else args[0] = redirected;
      return original.apply(this, args);
    }
    if (!covers(given.allow, host) && !allowed.has(host)) return refuse(this, host);
    return original.apply(this, args);
  };

  const allowed = new Set();
  const lookup = dns.lookup;
  dns.lookup = function (host, options, callback) {
    const done = typeof options === 'function' ? options : callback;
    const rest = typeof options === 'function' ? {} : options;
    return lookup.call(dns, host, rest, (error, address, family) => {
      if (!error && covers(given.allow, String(host))) {
        for (const each of Array.isArray(address) ? address : [{ address }]) allowed.add(each.address);
      }
      done(error, address, family);
    });
  };

  function refuse(socket, host) {
    try { fs.appendFileSync(given.report, host + '\n'); } catch { /* the report is a courtesy */ }
    const error = new Error(`${host} is not twinned, so twin run refuses it (let it through with --allow ${host})`);
    error.code = 'ECONNREFUSED';
    process.nextTick(() => socket.destroy(error));
    return socket;
  }
}
