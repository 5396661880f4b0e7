// SPDX-License-Identifier: Apache-2.0
// Certificates that tests make for themselves, with the program openssl.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

// One that signed itself, for the names: its texts in PEM form.
export function certificateFor(...names) {
  const folder = mkdtempSync(join(tmpdir(), "berth-tls-"));
  const [key, certificate] = ["key", "pem"].map((name) => join(folder, name));
  const alternatives = `subjectAltName=${names.map((name) => `DNS:${name}`).join(",")}`;
  const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=berth"];
  execFileSync("openssl", ["req", "-x509", ...kind, "-addext", alternatives, "-keyout", key, "-out", certificate], { stdio: "ignore" });
  const texts = { key: readFileSync(key, "utf8"), certificate: readFileSync(certificate, "utf8") };
  rmSync(folder, { recursive: true });
  return texts;
}
