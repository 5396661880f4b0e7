// SPDX-License-Identifier: Apache-2.0
// Certificates that tests make for themselves, with the program openssl: their texts in PEM form.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

// With these options of "openssl req -x509"; without an authority it signs itself.
function make(options, authority) {
  const folder = mkdtempSync(join(tmpdir(), "berth-tls-"));
  const [key, certificate, ca, caKey] = ["key", "pem", "ca", "ca-key"].map((name) => join(folder, name));
  const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
  if (authority) {
    writeFileSync(ca, authority.certificate);
    writeFileSync(caKey, authority.key, { mode: 0o600 });
    options = [...options, "-CA", ca, "-CAkey", caKey];
  }
  execFileSync("openssl", ["req", "-x509", ...kind, ...options, "-keyout", key, "-out", certificate], { stdio: "ignore" });
  const texts = { key: readFileSync(key, "utf8"), certificate: readFileSync(certificate, "utf8") };
  rmSync(folder, { recursive: true });
  return texts;
}

const alternatives = (kind, names) => ["-addext", `subjectAltName=${names.map((name) => `${kind}:${name}`).join(",")}`];

// One that signed itself, for the names.
export const certificateFor = (...names) => make(["-subj", "/CN=berth", ...alternatives("DNS", names)]);

// One that signs others.
export const newAuthority = (name) => make(["-subj", `/CN=${name}`]);

// One for the addresses, signed by the authority.
export const certificateBy = (authority, ...addresses) =>
  make(["-subj", "/CN=berth", ...alternatives("IP", addresses), "-addext", "basicConstraints=critical,CA:false"], authority);
