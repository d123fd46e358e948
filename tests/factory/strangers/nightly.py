"""A nightly job without a server: whoever is new in an Okta group gets one email, even when Okta is busy."""

import json
import os
import smtplib
import sqlite3
import sys
import time
import urllib.error
import urllib.request
from email.message import EmailMessage

TRIES = 4
db = sqlite3.connect(os.environ["DATABASE_PATH"], isolation_level=None)
db.execute("create table if not exists welcomed (email text primary key)")


def okta(path):
    request = urllib.request.Request(
        os.environ["OKTA_CLIENT_ORGURL"] + path, headers={"Authorization": "SSWS " + os.environ["OKTA_CLIENT_TOKEN"]}
    )
    for attempt in range(TRIES):
        try:
            with urllib.request.urlopen(request, timeout=5) as reply:
                return json.load(reply)
        except urllib.error.HTTPError as error:
            if error.code != 429 or attempt == TRIES - 1:
                sys.exit("Okta does not answer")
            time.sleep(0.05)
        except OSError:
            sys.exit("Okta does not answer")


def send(profile):
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "it@acme.test", profile["email"], "Welcome"
    message.set_content(f"Hello {profile['firstName']}, good to have you.")
    with smtplib.SMTP(os.environ["SMTP_HOST"], int(os.environ["SMTP_PORT"])) as smtp:
        smtp.send_message(message)


group = next(each for each in okta("/api/v1/groups?q=Engineering") if each["profile"]["name"] == "Engineering")
for person in okta(f"/api/v1/groups/{group['id']}/users"):
    email = person["profile"]["email"]
    if person["status"] == "ACTIVE" and db.execute("insert or ignore into welcomed values (?)", [email]).rowcount:
        send(person["profile"])
        sys.stdout.write(f"welcomed {email}\n")
