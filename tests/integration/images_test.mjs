// SPDX-License-Identifier: Apache-2.0
// Images: archives that are imported, references that are pulled from a real registry.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { hostileArchives, hostileBytes, tar } from "./archives.mjs";
import { Berth, eventually, output } from "./berth.mjs";

const place = mkdtempSync(join(tmpdir(), "berth-images-"));
const layout = join(place, "layout");
const busybox = ["/bin/busybox", "/usr/bin/busybox"].find(existsSync);
let berth;
let admin;
let registry;

// A registry of Debian's package, on a port it says itself.
async function startRegistry() {
  const config = join(place, "registry.yml");
  writeFileSync(config, `version: 0.1\nlog:\n  level: info\nstorage:\n  filesystem:\n    rootdirectory: ${join(place, "registry")}\nhttp:\n  addr: 127.0.0.1:0\n`);
  const child = spawn("setpriv", ["--pdeathsig", "KILL", "docker-registry", "serve", config], { stdio: ["ignore", "pipe", "pipe"] });
  const lines = [];
  const address = await new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        lines.push(line);
        const found = line.match(/listening on (127\.0\.0\.1:\d+)/)?.[1];
        if (found) resolve(found);
      });
    }
    child.on("close", () => reject(new Error(`the registry ended: ${lines.slice(-5).join("\n")}`)));
  });
  return { child, address };
}

// The smallest image that runs: busybox, a service and a variable.
function makeLayout() {
  const bundle = join(place, "bundle");
  output("umoci", "init", "--layout", layout);
  output("umoci", "new", "--image", `${layout}:1`);
  output("umoci", "unpack", "--image", `${layout}:1`, bundle);
  for (const folder of ["bin", "etc", "root", "tmp", "proc", "sys", "dev"]) mkdirSync(join(bundle, "rootfs", folder), { recursive: true });
  copyFileSync(busybox, join(bundle, "rootfs/bin/busybox"));
  execFileSync("ln", ["-s", "busybox", join(bundle, "rootfs/bin/sh")]);
  execFileSync("ln", ["-s", "busybox", join(bundle, "rootfs/bin/sleep")]);
  writeFileSync(join(bundle, "rootfs/etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n");
  output("umoci", "repack", "--image", `${layout}:1`, bundle);
  output("umoci", "config", "--image", `${layout}:1`, "--config.entrypoint", "/bin/sleep", "--config.cmd", "471471", "--config.env", "NAME=of the image", "--config.workingdir", "/tmp");
}

before(async () => {
  makeLayout();
  registry = await startRegistry();
  output("skopeo", "--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false", `oci:${layout}:1`, `docker://${registry.address}/tiny:1`);
  berth = await Berth.start({ registries: [registry.address] });
  admin = berth.admin;
});
after(async () => {
  registry?.child.kill("SIGKILL");
  try {
    await berth?.stop();
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
});

const endOf = async (name) => {
  for await (const { data } of admin.events({ after: 0 })) {
    if (data.image === name && ["image_ready", "image_failed"].includes(data.type)) return data;
  }
};

async function runsTheImage(name) {
  const instance = await berth.running({ image: name });
  assert.equal(await admin.shell(instance, 'echo "$NAME"'), "of the image\n");
  const service = (await admin.shell(instance, "busybox ps")).match(/(\d+) root +\/bin\/sleep 471471/)?.[1];
  assert.ok(service, "the service runs");
  assert.equal(await admin.shell(instance, `busybox readlink /proc/${service}/cwd`), "/tmp\n");
  return instance;
}

test("an image is pulled from a registry, runs as it says, and is not removed while it is used", async () => {
  const pulled = await admin.api("POST", "/images", { reference: `docker://${registry.address}/tiny:1` });
  assert.equal(pulled.status, 202);
  assert.equal(pulled.body.name, "tiny-1");
  const event = await endOf("tiny-1");
  assert.equal(event.type, "image_ready", event.detail);
  const shown = await admin.ok("GET", "/images/tiny-1");
  assert.equal(shown.state, "ready");
  assert.match(shown.source, /tiny:1/);
  assert.ok(shown.size > 100_000);
  const instance = await runsTheImage("tiny-1");
  await admin.refused(409, "conflict", "DELETE", "/images/tiny-1");
  await admin.ok("DELETE", `/instances/${instance.id}`);
  // The host clears away what is gone in its own time.
  await eventually("the image's removal", async () => (await admin.api("DELETE", "/images/tiny-1")).status === 204);
  await admin.refused(404, "not_found", "GET", "/images/tiny-1");
  assert.ok((await admin.ok("GET", "/events?limit=200")).items.some(({ type, image }) => type === "image_removed" && image === "tiny-1"));
});

test("what a registry does not have, and a registry that is not there, are said", async () => {
  for (const [name, reference] of [["missing", `docker://${registry.address}/missing:1`], ["nowhere", "docker://127.0.0.1:1/nowhere:1"]]) {
    await admin.ok("POST", "/images", { reference, name });
    const event = await endOf(name);
    assert.equal(event.type, "image_failed");
    const shown = await admin.ok("GET", `/images/${name}`);
    assert.equal(shown.state, "failed");
    assert.match(shown.reason, /\w/);
    assert.doesNotMatch(shown.reason, /\n/);
    assert.ok((await admin.api("POST", "/instances", { image: name })).status >= 400);
    await admin.ok("DELETE", `/images/${name}`);
  }
  for (const reference of ["tiny:1", "dir:/etc", `docker://${"x".repeat(600)}`]) {
    await admin.refused(400, "invalid_argument", "POST", "/images", { reference, name: "wrong" });
  }
  // What no registry can have is refused at once or fails; it never reaches a command line as an option or a path.
  for (const [number, part] of ["", "-x/y", "../etc/passwd", "a/b --help", "$(id)/x", "a/b\nc"].entries()) {
    const name = `wrong-${number}`;
    const answer = await admin.api("POST", "/images", { reference: `docker://${part}`, name });
    if (answer.status === 202) {
      const event = await endOf(name);
      assert.equal(event.type, "image_failed", part);
      assert.match(event.detail, /reference|registry|name/, part);
      await admin.ok("DELETE", `/images/${name}`);
    } else assert.equal(answer.status, 400, part);
  }
});

test("a tar of an OCI layout is imported", async () => {
  const bytes = execFileSync("tar", ["-C", layout, "-cf", "-", "."], { maxBuffer: 1 << 28 });
  const image = await admin.ok("PUT", "/images/layout?form=oci", bytes);
  assert.equal(image.state, "ready");
  const instance = await runsTheImage("layout");
  await admin.ok("DELETE", `/instances/${instance.id}`);
});

const rootTar = (...options) => execFileSync("tar", ["-C", join(place, "bundle/rootfs"), ...options, "-cf", "-", "."], { maxBuffer: 1 << 28 });

for (const [what, options] of Object.entries({ plain: [], gzip: ["-z"], zstd: ["--zstd"], xz: ["-J"] })) {
  test(`a tar of a root file system is imported: ${what}`, async () => {
    const name = `root-${what}`;
    const answer = await admin.api("PUT", `/images/${name}`, rootTar(...options));
    assert.equal(answer.status, 201, answer.body.detail);
    assert.equal(answer.body.source, "import");
    const instance = await berth.running({ image: name });
    assert.equal(await admin.shell(instance, "echo well"), "well\n");
    await admin.ok("DELETE", `/instances/${instance.id}`);
  });
}

for (const [what, entries] of Object.entries(hostileArchives)) {
  for (const form of ["tar", "oci"]) {
    test(`an import of ${what} as ${form} is refused and leaves nothing`, async () => {
      const answer = await admin.api("PUT", `/images/hostile?form=${form}`, hostileBytes(entries));
      assert.equal(answer.status, 400, `${answer.status} ${JSON.stringify(answer.body)}`);
      await leftNothing();
    });
  }
  if (!entries) continue;
  test(`an OCI image with a layer of ${what} writes nothing outside`, async () => {
    const hostile = join(place, "hostile");
    const layer = join(place, "layer.tar");
    rmSync(hostile, { recursive: true, force: true });
    writeFileSync(layer, tar(...entries));
    output("umoci", "init", "--layout", hostile);
    output("umoci", "new", "--image", `${hostile}:1`);
    output("umoci", "raw", "add-layer", "--image", `${hostile}:1`, layer);
    const bytes = execFileSync("tar", ["-C", hostile, "-cf", "-", "."], { maxBuffer: 1 << 28 });
    const answer = await admin.api("PUT", "/images/hostile?form=oci", bytes);
    if (answer.status === 201) await admin.ok("DELETE", "/images/hostile");
    else assert.equal(answer.status, 400, `${answer.status} ${JSON.stringify(answer.body)}`);
    await leftNothing();
  });
}

async function leftNothing() {
  assert.ok(!(await admin.ok("GET", "/images")).items.some(({ name, state }) => name === "hostile" && state === "ready"));
  for (const file of ["/evil", join(berth.place, "evil"), join(tmpdir(), "evil")]) assert.ok(!existsSync(file), file);
  assert.equal(output("find", berth.place, "-xdev", "-name", "evil", "-not", "-path", "*/rootfs/*").trim(), "");
  await admin.api("DELETE", "/images/hostile");
}

test("an image that is there is not overwritten, and the built-in one is listed", async () => {
  const { items } = await admin.ok("GET", "/images");
  assert.equal(items.find(({ name }) => name === "busybox").source, "built_in");
  const answer = await admin.api("PUT", "/images/busybox", rootTar());
  assert.equal(answer.status, 409, JSON.stringify(answer.body));
});
