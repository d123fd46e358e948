"""What the sentences about accounts and resets mean."""

from urllib.parse import parse_qs, urlsplit

from twinkit.factory.steps import World, given, then, when

OLD, NEW, OTHER = "correct horse", "battery staple", "never chosen"


def register(world: World) -> str:
    address = f"{world.word()}@example.test"
    world.expect_equal(world.post("/users", json={"email": address, "password": OLD}).status, 201, "the registration")
    return address


def request_reset(world: World) -> None:
    world.post("/password-reset", json={"email": world.data["email"]})


def token(world: World) -> str:
    links = world.mail.last(world.data["email"])["links"]
    assert links, "the mail has no link"
    found = parse_qs(urlsplit(links[0]).query).get("token")
    assert found, "the link has no token"
    return found[0]


def login(world: World, password: str) -> int:
    return world.post("/login", json={"email": world.data["email"], "password": password}).status


@given("a registered user")
def registered(world: World) -> None:
    world.data["email"] = register(world)
    world.data["password"] = OLD


@given("a visitor without an account")
def visitor(world: World) -> None:
    world.data["email"] = f"{world.word()}@example.test"


@given("a user requested a password reset {int} minutes ago")
def requested_ago(world: World, minutes: int) -> None:
    registered(world)
    request_reset(world)
    world.advance(minutes * 60)


@given("a user who has reset the password")
def has_reset(world: World) -> None:
    registered(world)
    request_reset(world)
    choose(world)


@when("they request a password reset")
def request_once(world: World) -> None:
    request_reset(world)


@when("they request a password reset {int} times")
def request_often(world: World, times: int) -> None:
    for _ in range(times):
        request_reset(world)


@when("they click the reset link")
def click(world: World) -> None:
    world.data["token"] = token(world)
    world.get("/reset", params={"token": world.data["token"]})


@when("they choose a new password")
def choose(world: World) -> None:
    world.post("/reset", json={"token": token(world), "password": NEW})
    world.data["password"] = NEW


@then("they can log in with the new password")
def new_works(world: World) -> None:
    world.expect_equal(login(world, NEW), 200, "login with the new password")


@then("they cannot log in with the old password")
def old_refused(world: World) -> None:
    world.expect_equal(login(world, OLD), 401, "login with the old password")


@then("they see an error {string}")
def see_error(world: World, text: str) -> None:
    world.expect(world.response.status >= 400, f"the status is {world.response.status}, no error")
    world.expect_equal(world.response.field("error"), text, "the error")


@then("their password is unchanged")
def unchanged(world: World) -> None:
    world.post("/reset", json={"token": world.data["token"], "password": OTHER})
    world.expect_equal(login(world, OTHER), 401, "login with a password that was refused")
    world.expect_equal(login(world, world.data["password"]), 200, "login with the password as it was")


@then("the answer is the same as for a registered user")
def same_answer(world: World) -> None:
    unknown = world.response
    known = world.post("/password-reset", json={"email": register(world)})
    world.expect_equal(unknown.status, known.status, "the status for an unknown address")
    world.expect_equal(unknown.text, known.text, "the answer for an unknown address")
    world.expect_equal(sorted(unknown.headers), sorted(known.headers), "the headers for an unknown address")


@then("no mail is sent to them")
def no_mail(world: World) -> None:
    world.expect_equal(len(world.mail.to(world.data["email"])), 0, "the number of mails")


@then("they have received {int} mails")
def received(world: World, count: int) -> None:
    world.expect_equal(len(world.mail.to(world.data["email"])), count, "the number of mails")


@then("the last request is refused as too many")
def refused(world: World) -> None:
    world.expect_equal(world.response.status, 429, "the status")
