"""Access tokens that no server of ours ever gave out, made by joserfc.

Reads a JSON object from standard input: `seed` and `other` (Ed25519 seeds, hexadecimal: the server's key and
somebody else's), `header` and `claims` of a good token, `now` (seconds since 1970), `ended` (a session that has
ended) and `words` (other secrets by name that are no access tokens). Writes a JSON list of `[name, token]`; the
first is made like all others, with the right key and nothing changed: whoever refuses it tests nothing.
"""

import base64
import hmac
import json
import sys

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

given = json.load(sys.stdin)
header, claims, now = given["header"], given["claims"], given["now"]


def ed25519(seed):
    return OKPKey.import_key(Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed)))


ours, theirs = ed25519(given["seed"]), ed25519(given["other"])
rsa = RSAKey.generate_key(2048)
curves = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521", "ES256K": "secp256k1"}
curves = {name: ECKey.generate_key(curve) for name, curve in curves.items()}
public = ours.as_dict(private=False)
x = base64.urlsafe_b64decode(public["x"] + "=")
tokens = []


def text(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def dump(value):
    return value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":")).encode()


def sign(algorithm, key, message):
    if isinstance(key, bytes):
        # By hand: the library takes no public key for a shared secret, whatever it looks like.
        return hmac.digest(key, message, f"sha{algorithm[2:]}")
    return JWSRegistry.algorithms[algorithm].sign(message, key)


def token(head, body, algorithm="EdDSA", key=ours):
    message = f"{text(dump(head))}.{text(dump(body))}"
    signature = b"" if key is None else sign(algorithm, key, message.encode())
    return f"{message}.{text(signature)}"


def changed(base, change):
    """`change` laid over `base`; None removes a member."""
    return {name: value for name, value in {**base, **change}.items() if value is not None}


def add(name, made):
    tokens.append([name, made])


def head(name, change, **how):
    add(f"header: {name}", token(changed(header, change), claims, **how))


def body(name, change):
    add(f"claims: {name}", token(header, changed(claims, change)))


add("good", token(header, claims))
good = tokens[0][1]
h, p, s = good.split(".")

# No signature at all.
for none in ["none", "None", "NONE", "nOnE", "none ", "", "null"]:
    head(f"alg {none!r} without a signature", {"alg": none}, key=None)
    head(f"alg {none!r} with a good one", {"alg": none})
head("no alg", {"alg": None})
head("alg is null", {"alg": []})
add("no signature under our own header", f"{h}.{p}.")
add("no signature and no dot", f"{h}.{p}")

# Our public key taken for a shared secret, in every spelling of it.
raw = ours.raw_value.public_key()
spellings = {
    "raw": x,
    "base64url": text(x).encode(),
    "base64": base64.b64encode(x),
    "hex": x.hex().encode(),
    "DER": raw.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    "PEM": raw.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    "PEM without its last line break": raw.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).strip(),
    "SSH": raw.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH),
    "JWK": dump({name: public[name] for name in ("kty", "crv", "x")}),
    "JWKS": dump({"keys": [public]}),
    "kid": header["kid"].encode(),
    "one zero byte": b"\0",
}
for spelling, secret in spellings.items():
    for algorithm in ["HS256", "HS384", "HS512"]:
        head(f"{algorithm} with the public key as {spelling}", {"alg": algorithm}, algorithm=algorithm,
             key=secret)
for algorithm in ["HS256", "HS512"]:
    add(f"{algorithm} under our own header", token(header, claims, algorithm, x))

# Keys of others.
add("another Ed25519 key under our own header", token(header, claims, "EdDSA", theirs))
head("another Ed25519 key under its own kid", {"kid": theirs.thumbprint()}, key=theirs)
for algorithm in ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]:
    head(algorithm, {"alg": algorithm}, algorithm=algorithm, key=rsa)
for algorithm, key in curves.items():
    head(algorithm, {"alg": algorithm}, algorithm=algorithm, key=key)
    head(f"{algorithm} with a signature of zeros", {"alg": algorithm}, key=None)
for name in ["Ed25519", "Ed448", "eddsa", "EDDSA", "EdDSA ", "A128GCM", "dir", "RSA-OAEP", "ECDH-ES"]:
    head(f"our key called {name!r}", {"alg": name})

# Keys that the token brings along or points at.
own = theirs.as_dict(private=False)
for where, change in {
    "jwk": {"jwk": own},
    "jwk of ours": {"jwk": public},
    "jwk that is symmetric": {"jwk": {"kty": "oct", "k": text(b"secret")}},
    "jku": {"jku": "http://127.0.0.1:9/keys.json"},
    "jku of ours": {"jku": f"{claims['iss']}/.well-known/jwks.json"},
    "jku with a user": {"jku": f"{claims['iss']}@evil.example/jwks.json"},
    "x5u": {"x5u": "http://127.0.0.1:9/chain.pem"},
    "x5c": {"x5c": [base64.b64encode(b"a certificate").decode()]},
    "x5t": {"x5t": text(b"a" * 20)},
    "x5t#S256": {"x5t#S256": text(b"a" * 32)},
}.items():
    head(f"{where}, signed by its key", change, key=theirs)
    head(f"{where}, signed by ours", change)
for kid in [
    "", "../../../../dev/null", "/dev/null", "/proc/self/environ", "..%2f..%2fmaster.key", "file:///etc/passwd",
    "' OR '1'='1", "1' UNION SELECT 'secret'--", "1; DROP TABLE account", "$(id)", "`id`", "|id", "\0", "a" * 900,
    "http://127.0.0.1:9/key", "{{7*7}}", "*", "null", "0", "-1",
]:
    head(f"kid {kid[:30]!r}", {"kid": kid}, key=theirs)
head("no kid", {"kid": None})
head("kid is a number", {"kid": 1})
head("kid is a list", {"kid": [header["kid"]]})

# What a reader that does not know it must refuse, and what changes the meaning of the rest.
head("crit that nobody knows", {"crit": ["exp"], "exp": now + 60})
head("crit that is empty", {"crit": []})
head("crit of b64", {"crit": ["b64"], "b64": False})
head("b64 without crit", {"b64": False})
add("an unencoded payload", f"{text(dump(changed(header, {'b64': False, 'crit': ['b64']})))}.{dump(claims).decode()}."
    + text(sign("EdDSA", ours, text(dump(changed(header, {"b64": False, "crit": ["b64"]}))).encode() + b"." + dump(claims))))
head("cty of a nested token", {"cty": "JWT"})
head("zip", {"zip": "DEF"})
head("enc", {"enc": "A256GCM"})
head("an unknown member", {"tenant": "other"})
for typ in [None, "", "JWT", "jwt", "AT+JWT", "at+jwt ", "application/at+jwt", "id+jwt", "refresh+jwt", "logout+jwt",
            "secevent+jwt", "dpop+jwt", 7]:
    add(f"header: typ {typ!r}", token(changed(header, {"typ": typ}), claims))
add("a token in a token", token(changed(header, {"cty": "JWT"}), good.encode()))
add("a token in a token under our own header", token(header, good.encode()))
add("a token in a token as a text", token(header, dump(good)))

# Said twice: readers that take the first and readers that take the last disagree.
twice = dump(header)[:-1] + b',"alg":"none"}'
add("alg twice, the last none", token(twice, claims))
add("alg twice, the first none", token(b'{"alg":"none",' + dump(header)[1:], claims))
add("kid twice", token(dump(header)[:-1] + b',"kid":"x"}', claims))
for name, value in {"sub": '"usr_01h455vb4pex5vsknk084sn02q"', "exp": str(now + 10**6), "aud": '"other"',
                    "iss": '"other"', "sid": '"ses_01h455vb4pex5vsknk084sn02q"'}.items():
    add(f"{name} twice, ours last", token(header, b'{"%s":%s,' % (name.encode(), value.encode()) + dump(claims)[1:]))
    add(f"{name} twice, ours first", token(header, dump(claims)[:-1] + b',"%s":%s}' % (name.encode(), value.encode())))

# For somebody else, from somebody else, at another time: all with the right key.
for aud in ["other", "", "stagedoor", claims["aud"] + "/", claims["aud"].upper(), [], ["other"], None, 7, {}]:
    body(f"aud {aud!r}", {"aud": aud})
for iss in ["other", "", "https://evil.example", claims["iss"] + "/", claims["iss"] + ".evil.example",
            claims["iss"].upper(), None, 7]:
    body(f"iss {iss!r}", {"iss": iss})
for sub in ["", "admin", "usr_zzz", "org_01h455vb4pex5vsknk084sn02q", 0, [claims["sub"]]]:
    body(f"sub {sub!r}", {"sub": sub})
body("no sub", {"sub": None})
body("no sid", {"sid": None})
body("a sid that is none", {"sid": "ses_x"})
body("a session that has ended", {"sid": given["ended"]})
body("expired a second ago", {"exp": now - 1, "iat": now - 3600, "nbf": now - 3600})
body("expires now", {"exp": now})
body("expired with the clock's beginning", {"exp": 0})
body("expired before it", {"exp": -1})
body("no exp", {"exp": None})
body("exp is a text", {"exp": str(now + 600)})
body("exp is a fraction", {"exp": now + 600.5})
body("exp beyond all numbers", {"exp": 10**30})
add("claims: exp is 1e400", token(header, dump(changed(claims, {"exp": None}))[:-1] + b',"exp":1e400}'))
body("exp is a list", {"exp": [now + 600]})
body("not valid for an hour", {"nbf": now + 3600})
body("no nbf", {"nbf": None})
body("nbf is a text", {"nbf": "now"})
body("made in an hour", {"iat": now + 3600})
body("made in a century", {"iat": now + 3 * 10**9})
body("no iat", {"iat": None})
body("no jti", {"jti": None})
body("an admin who says so in another word", {"role": "admin"})
body("an admin in letters", {"platform_admin": "true"})
body("a tenant of one's choice", {"org": "org_01h455vb4pex5vsknk084sn02q"})
body("scopes of one's choice", {"scope": "orders.write"})
body("an ID token's nonce", {"nonce": "n", "at_hash": "h"})
add("an ID token of ours", token(changed(header, {"typ": "JWT"}), changed(claims, {"aud": claims["sub"], "nonce": "n"})))
for payload in [b"", b"null", b"[]", b"7", b'""', b"{}", b"{", b"\xff\xfe", b'{"sub":"\xed\xa0\x80"}', b"[" * 500]:
    add(f"claims are {payload[:12]!r}", token(header, payload))
for odd in [b"", b"null", b"[]", b'"EdDSA"', b"{", b"\xff"]:
    add(f"header is {odd!r}", token(odd, claims))

# A good one with something done to it.
alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
for part, name in enumerate(["header", "claims", "signature"]):
    parts = good.split(".")
    for at in (0, 1, len(parts[part]) // 2, len(parts[part]) - 2):
        letter = alphabet[alphabet.index(parts[part][at]) ^ 1]
        flipped = parts[part][:at] + letter + parts[part][at + 1:]
        add(f"a bit of the {name} flipped at {at}", ".".join([*parts[:part], flipped, *parts[part + 1:]]))
    add(f"the {name} cut", ".".join([*parts[:part], parts[part][:-1], *parts[part + 1:]]))
    if name != "signature":
        add(f"the {name} empty", ".".join([*parts[:part], "", *parts[part + 1:]]))
    add(f"the {name} padded", ".".join([*parts[:part], parts[part] + "=", *parts[part + 1:]]))
    add(f"the {name} padded twice", ".".join([*parts[:part], parts[part] + "==", *parts[part + 1:]]))
last = alphabet[alphabet.index(s[-1]) ^ 1]
add("unused bits of the signature set", f"{h}.{p}.{s[:-1]}{last}")
for tail in [".", "..", ".x", "x", "A", "AAAA", "%00", "%20", ",", ";", "\"", "'", "/", "?a=b", "#", "\\", "&",
             " x", "\tx", ", Bearer x"]:
    add(f"followed by {tail!r}", good + tail)
for front in [".", "x", "Bearer ", "Bearer:", "\"", "'", "{", "%"]:
    add(f"after {front!r}", front + good)
add("in standard base64", ".".join(base64.b64encode(base64.urlsafe_b64decode(part + "==")).decode()
                                   for part in good.split(".")) + "+/")
add("base64 of all of it", base64.b64encode(good.encode()).decode())
add("hexadecimal", ".".join(base64.urlsafe_b64decode(part + "==").hex() for part in good.split(".")))
add("in capitals", good.upper())
add("in small letters", good.lower())
add("turned round", ".".join(reversed(good.split("."))))
add("the signature of another token", f"{h}.{p}.{token(header, changed(claims, {'jti': 'x'})).split('.')[2]}")
add("the claims of another", f"{h}.{text(dump(changed(claims, {'sub': 'usr_01h455vb4pex5vsknk084sn02q'})))}.{s}")
add("dots of another script", good.replace(".", "\u3002"))
add("a letter that looks like one", good.replace("e", "\u0435", 1))
add("full width", "".join(chr(ord(letter) + 0xfee0) if letter.isalpha() else letter for letter in good[:40]) + good[40:])
add("a hidden character inside", good[:20] + "\u200b" + good[20:])
add("a byte order mark before", "\ufeff" + good)
add("five parts, as an encrypted one", f"{h}..{text(b'n' * 12)}.{p}.{text(b't' * 16)}")
add("as JSON", dump({"protected": h, "payload": p, "signature": s}).decode())
add("as general JSON", dump({"payload": p, "signatures": [{"protected": h, "signature": s}]}).decode())
add("too long by a member", token(header, changed(claims, {"jti": "j" * 2_000})))
add("three thousand letters", good + "A" * 2_500)
add("nothing but dots", "." * 40)
add("spaces inside", f"{h} . {p} . {s}")
add("a signature of zeros", f"{h}.{p}.{text(bytes(64))}")
order = 2**252 + 27742317777372353535851937790883648493
point, scalar = (value := base64.urlsafe_b64decode(s + "=="))[:32], int.from_bytes(value[32:], "little") + order
add("the same signature with a larger scalar", f"{h}.{p}.{text(point + scalar.to_bytes(32, 'little'))}")
add("a signature for the neutral element", f"{h}.{p}.{text(bytes([1]) + bytes(63))}")

for name, word in given["words"].items():
    add(f"no access token but {name}", word)
for word in ["undefined", "null", "[object Object]", "x", "Basic YWRtaW46YWRtaW4=", "a.b.c", "eyJ", "0"]:
    add(f"the word {word!r}", word)

for one in zip(*tokens):
    assert len(set(one)) == len(one), sorted(each for each in one if one.count(each) > 1)
json.dump(tokens, sys.stdout)
