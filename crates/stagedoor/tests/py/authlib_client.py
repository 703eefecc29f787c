"""Every flow by Authlib, as a Python application would use it.

python authlib_client.py SETTINGS.json
"""

import html
import json
import re
import sys

import requests
from authlib.common.security import generate_token
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.jwk import KeySet

with open(sys.argv[1], encoding="utf-8") as file:
    settings = json.load(file)
base, person = settings["base"], settings["person"]
server, app = settings["server"], settings["app"]
metadata = requests.get(f"{base}/.well-known/oauth-authorization-server", timeout=30).json()
keys = KeySet.import_key_set(requests.get(metadata["jwks_uri"], timeout=30).json())


def decide(url):
    """A person at a browser without scripts; where it is sent in the end."""
    browser = requests.Session()
    page = browser.get(url, allow_redirects=False, timeout=30)
    assert page.status_code == 200, page.text
    fields = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page.text)
    form = {html.unescape(name): html.unescape(value) for name, value in fields}
    form |= {"account": person["account"], "password": person["password"], "decision": "allow"}
    answer = browser.post(f"{base}/oauth/authorize", data=form, allow_redirects=False, timeout=30)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def session(client, method, scope, redirect):
    return OAuth2Session(
        client["id"],
        client.get("secret"),
        token_endpoint_auth_method=method,
        scope=scope,
        redirect_uri=redirect,
        code_challenge_method="S256",
    )


def sign_in(client):
    verifier = generate_token(48)
    url, state = client.create_authorization_url(metadata["authorization_endpoint"], code_verifier=verifier)
    back = decide(url)
    return client.fetch_token(
        metadata["token_endpoint"], authorization_response=back, state=state, code_verifier=verifier
    )


def fails(call, error):
    try:
        call()
    except OAuthError as failure:
        assert failure.error == error, failure
    else:
        raise AssertionError(f"no {error}")


cases = [
    (app, "none", "http://127.0.0.1:9876/back"),
    (server, "client_secret_basic", server["redirect"]),
    (server, "client_secret_post", server["redirect"]),
]
for client, method, redirect in cases:
    acting = session(client, method, "profile.read orders.read", redirect)
    token = sign_in(acting)
    assert token["token_type"] == "Bearer" and token["scope"] == "profile.read orders.read", token
    claims = jwt.decode(token["access_token"], keys, algorithms=["EdDSA"])
    assert claims.header["typ"] == "at+jwt", claims.header
    assert claims.claims["sub"] == person["id"] and claims.claims["iss"] == metadata["issuer"], claims.claims
    assert acting.get(f"{base}/api/v1/me").json()["id"] == person["id"]
    assert acting.get(f"{base}/api/v1/me/tickets").status_code == 403
    used = token["refresh_token"]
    renewed = acting.refresh_token(metadata["token_endpoint"], refresh_token=used)
    assert renewed["refresh_token"] != used
    assert acting.get(f"{base}/api/v1/me").status_code == 200
    gone = acting.revoke_token(metadata["revocation_endpoint"], token=renewed["refresh_token"])
    assert gone.status_code == 200, gone.text
    assert acting.get(f"{base}/api/v1/me").status_code == 401
    fails(
        lambda: acting.refresh_token(metadata["token_endpoint"], refresh_token=renewed["refresh_token"]),
        "invalid_grant",
    )

partner = session(server, "client_secret_basic", "sales.read", None)
token = partner.fetch_token(metadata["token_endpoint"], grant_type="client_credentials")
worth = partner.introspect_token(metadata["introspection_endpoint"], token=token["access_token"]).json()
assert worth["active"] and worth["org"] == settings["organizer"], worth
orders = partner.get(f"{base}/api/v1/organizers/{settings['organizer']}/orders")
assert orders.status_code == 200, orders.text
wrong = session({"id": server["id"], "secret": "cs_wrong"}, "client_secret_basic", "sales.read", None)
fails(lambda: wrong.fetch_token(metadata["token_endpoint"], grant_type="client_credentials"), "invalid_client")
print("every flow")
