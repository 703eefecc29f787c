// Reads barcodes from PNG files and checks them with nothing but the public keys and, for live ones, the keys of
// their event, as a scanner that we did not write would.
//
// node read.mjs KEYS.json BARCODE.png...   prints one JSON object a line:
// {"text": "...", "ticket": "<hex>", "event": "<hex>", "generation": 1, "step": null}
import { createHmac, createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import jsQR from "jsqr";
import { PNG } from "pngjs";

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

function base45(text) {
  const bytes = [];
  for (let at = 0; at < text.length; at += 3) {
    const [low, middle, high] = [...text.slice(at, at + 3)].map((letter) => ALPHABET.indexOf(letter));
    const value = low + middle * 45 + high * 2025;
    bytes.push(value >> 8, value & 255);
  }
  return Buffer.from(bytes);
}

const [keysFile, ...pictures] = process.argv.slice(2);
const { keys, live } = JSON.parse(readFileSync(keysFile, "utf8"));
for (const picture of pictures) {
  const { data, width, height } = PNG.sync.read(readFileSync(picture));
  const code = jsQR(new Uint8ClampedArray(data), width, height, { inversionAttempts: "dontInvert" });
  if (!code) throw new Error(`no QR code found in ${picture}`);
  const bytes = base45(code.data);
  const said = bytes.subarray(0, 38);
  const jwk = keys.find((key) => key.kid === String(said[5]));
  const key = createPublicKey({ key: jwk, format: "jwk" });
  if (bytes.length !== { 1: 102, 2: 114 }[bytes[0]]) throw new Error("not a barcode of format 1 or 2");
  if (!verify(null, said, key, bytes.subarray(38, 102))) throw new Error("the signature is wrong");
  if (bytes[0] === 2) {
    const hash = (key, ...parts) => createHmac("sha256", key).update(Buffer.concat(parts)).digest();
    const { k } = live.find((key) => key.kid === String(said[5]));
    const ticketKey = hash(Buffer.from(k, "base64url"), said.subarray(6, 22), said.subarray(1, 5));
    const code = hash(ticketKey, bytes.subarray(102, 106)).subarray(0, 8);
    if (!code.equals(bytes.subarray(106))) throw new Error("the code is wrong");
  }
  const seen = {
    text: code.data,
    ticket: said.subarray(6, 22).toString("hex"),
    event: said.subarray(22, 38).toString("hex"),
    generation: said.readUInt32BE(1),
    step: bytes[0] === 2 ? bytes.readUInt32BE(102) : null,
  };
  console.log(JSON.stringify(seen));
}
