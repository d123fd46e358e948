"""Devices: what Okta Verify registers, whose they are, and their life; registering one is the human's part.

Source: https://developer.okta.com/docs/api/openapi/okta-management/management/tag/Device/ (statuses and the errors of a
transition from another one). Nothing but a control call registers a device, as nothing but Okta Verify does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Reply, Request
from twins.okta import devices, errors, listing, people, syslog, twin
from twins.okta.times import iso

MOVES = {
    "activate": (("CREATED", "DEACTIVATED"), "ACTIVE"),
    "deactivate": (("ACTIVE", "SUSPENDED"), "DEACTIVATED"),
    "suspend": (("ACTIVE",), "SUSPENDED"),
    "unsuspend": (("SUSPENDED",), "ACTIVE"),
}
"""Step → the statuses it is taken from, and where it leads."""
PLATFORMS = ("ANDROID", "IOS", "MACOS", "WINDOWS", "CHROMEOS")


def get(ctx: Ctx, id: str, word: str = "Device") -> dict[str, Any]:
    """A device. Raises E0000007."""
    found = ctx.store.find("device", id)
    if found is None:
        raise errors.error("E0000007", f"Resource not found: {id} ({word})")
    return found


def shown(ctx: Ctx, row: Mapping[str, Any]) -> dict[str, Any]:
    """A device as replies show it."""
    base = f"{ctx.base_url}/api/v1/devices/{row['id']}"
    links: dict[str, Any] = {"self": {"href": base, "hints": {"allow": ["GET", "PATCH", "PUT"]}},
                             "users": {"href": f"{base}/users", "hints": {"allow": ["GET"]}}}  # fmt: skip
    for step, (sources, _) in MOVES.items():
        if row["status"] in sources:
            links[step] = {"href": f"{base}/lifecycle/{step}", "hints": {"allow": ["POST"]}}
    name = {"value": row["profile"]["displayName"], "sensitive": False}
    return {**row, "resourceType": "UDDevice", "resourceDisplayName": name, "resourceId": row["id"],
            "resourceAlternateId": None, "_links": links}  # fmt: skip


def link_shown(ctx: Ctx, link: Mapping[str, Any]) -> dict[str, Any]:
    """Whose a device is."""
    user = people.listed(ctx, people.get(ctx, link["user"]))
    return {"created": link["created"], "managementStatus": link["managementStatus"],
            "screenLockType": link["screenLockType"], "user": user}  # fmt: skip


@twin.handler("listDevices")
def list_devices(ctx: Ctx, request: Request) -> Reply:
    """The devices that `search` finds; `expand=user` embeds whose they are. Raises E0000031."""
    check = None
    if request.query.get("search"):
        _, check = listing.filtered(str(request.query["search"]))
    after = str(request.query.get("after") or "")
    if after and ctx.store.find("device", after) is None:
        raise errors.error("E0000031", causes=("Invalid cursor.",))
    expand = str(request.query.get("expand") or "")

    def one(row: dict[str, Any]) -> dict[str, Any]:
        found = shown(ctx, row)
        if expand in ("user", "userSummary"):
            found["_embedded"] = {"users": [link_shown(ctx, link) for link in links(ctx, row["id"])]}
        return found

    return listing.page(ctx, request, "device", check=check, show=one)


def links(ctx: Ctx, device: str) -> list[dict[str, Any]]:
    """The people of a device."""
    return list(ctx.store.select("device_user", parent=device, order="oldest"))


@twin.handler("getDevice")
def retrieve(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A device."""
    return shown(ctx, get(ctx, request.path["deviceId"]))


@twin.handler("listDeviceUsers")
def list_users(ctx: Ctx, request: Request) -> list[dict[str, Any]]:
    """Whose a device is."""
    return [link_shown(ctx, row) for row in links(ctx, get(ctx, request.path["deviceId"], "GenericUDObject")["id"])]


@twin.handler("listUserDevices")
def list_mine(ctx: Ctx, request: Request) -> list[dict[str, Any]]:
    """The devices of a user."""
    user = people.get(ctx, request.path["userId"])["id"]
    return [{"created": link["created"], "deviceUserId": link["id"], "device": shown(ctx, device)}
            for device, link in devices.of_user(ctx, user)]  # fmt: skip


@twin.handler("activateDevice", "deactivateDevice", "suspendDevice", "unsuspendDevice")
def move(ctx: Ctx, request: Request) -> Reply:
    """A step in a device's life. Raises E0000001 from a status that does not allow it."""
    row, step = get(ctx, request.path["deviceId"]), request.url_path.rpartition("/")[2]
    sources, target = MOVES[step]
    if row["status"] not in sources:
        raise errors.validation("device", f"Cannot {step} a device whose status is {row['status']}.")
    ctx.store.update("device", row["id"], status=target, lastUpdated=iso(ctx))
    if target == "DEACTIVATED":
        for link in links(ctx, row["id"]):
            ctx.store.delete("device_user", link["id"])
    _noted(ctx, row, step)
    return Reply(204)


@twin.handler("deleteDevice")
def delete(ctx: Ctx, request: Request) -> Reply:
    """A deactivated device goes. Raises E0000001 for another."""
    row = get(ctx, request.path["deviceId"])
    if row["status"] != "DEACTIVATED":
        raise errors.validation("device", f"Cannot delete a device whose status is {row['status']}.")
    ctx.store.delete("device", row["id"])
    _noted(ctx, row, "delete")
    return Reply(204)


def _noted(ctx: Ctx, row: Mapping[str, Any], step: str) -> None:
    target = syslog.target(str(row["id"]), "Device", str(row["profile"]["displayName"]))
    syslog.write(ctx, f"device.lifecycle.{step}", f"{step.capitalize()} device", target)


@twin.control("enroll_device")
def control_device(ctx: Ctx, payload: Any) -> dict[str, Any]:
    """Okta Verify on a device: {user, platform, displayName, managed, screenLockType, profile} registers it, active."""
    user, now = people.get(ctx, str(payload["user"])), iso(ctx)
    platform = str(payload.get("platform") or "MACOS")
    if platform not in PLATFORMS:
        raise errors.validation("platform", f"platform: one of {', '.join(PLATFORMS)}")
    name = str(payload.get("displayName") or f"{user['profile'].get('firstName')}'s {platform.capitalize()}")
    profile = {"displayName": name, "platform": platform, "registered": True, "secureHardwarePresent": True,
               **(payload.get("profile") or {})}  # fmt: skip
    id = ctx.new_id("guo{alnum:17}")
    row = {"id": id, "status": "ACTIVE", "created": now, "lastUpdated": now, "profile": profile}
    ctx.store.insert("device", row, id=id, created=ctx.micros)
    link = {
        "id": ctx.new_id("duo{alnum:17}"), "device": id, "user": user["id"], "created": now,
        "managementStatus": "MANAGED" if payload.get("managed") else "NOT_MANAGED",
        "screenLockType": str(payload.get("screenLockType") or "BIOMETRIC"),
    }  # fmt: skip
    ctx.store.insert("device_user", link, id=str(link["id"]), parent=id, created=ctx.micros)
    syslog.write(ctx, "device.enrollment.create", "Enroll new device", syslog.target(id, "Device", name),
                 actor=syslog.person(user))  # fmt: skip
    return {"id": id}
