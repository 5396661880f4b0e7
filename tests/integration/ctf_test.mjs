// SPDX-License-Identifier: Apache-2.0
// The example of docs/ctf.md, as its reader types it: built, imported by the command, served as its configuration says,
// and solved. And docs/services.md: its keys, and its client.
import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { Berth, checkout, eventually, output } from "./berth.mjs";

const example = join(checkout, "examples/ctf");
const place = mkdtempSync(join(tmpdir(), "berth-ctf-"));
const page = (name) => readFileSync(join(checkout, "docs", name), "utf8");
const blocks = (text, language) => [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, "gms"))].map(([, block]) => block);
const anyPort = (configuration) => configuration.replaceAll(/^listen = .*$/gm, 'listen = "127.0.0.1:0"');
const token = "the-token-you-were-given";
const flag = "flag{of-this-test}";
const notes = join(place, "notes");
let berth;
let port;
before(async () => {
  output(join(example, "build"), place, flag);
  // The example's own configuration and those of the page, on ports that are free.
  const services = [readFileSync(join(example, "berthd.toml"), "utf8"), ...blocks(page("services.md"), "toml")];
  berth = await Berth.start({ extra: anyPort(services.join("\n")), files: { tokens: `${token}\n` } });
  port = (await statusOf()).port;
});
after(async () => {
  try {
    await berth?.stop();
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
});

const statusOf = async (wanted = "notes") => (await berth.admin.ok("GET", "/services")).items.find(({ name }) => name === wanted);

// What the exploit prints; `command` is run by the shell it gets.
async function solve(...command) {
  const words = [join(example, "solve.py"), "127.0.0.1", String(port), notes, ...command];
  return (await promisify(execFile)("python3", words, { timeout: 60_000 })).stdout;
}

// A connection with the exploit's shell on it, held open.
async function shell() {
  const address = BigInt(`0x${/^([0-9a-f]+) T shell$/m.exec(output("nm", notes))[1]}`);
  const overflow = Buffer.alloc(256, "B");
  overflow.fill("A", 0, 64);
  overflow.writeBigUInt64LE(address, 64);
  const socket = connect({ port, host: "127.0.0.1" });
  let text = "";
  let ended = false;
  socket.on("data", (bytes) => (text += bytes));
  socket.on("close", () => (ended = true)).on("error", () => {});
  const says = (wanted) => eventually(`'${wanted}'`, () => text.includes(wanted) || (ended && assert.fail(`it ended: ${text}`)));
  await says("What is on your mind?\n");
  socket.write(overflow);
  const run = async (command) => {
    text = "";
    socket.write(`${command} 2>&1; echo "[$?]"\n`);
    await eventually(`the end of '${command}'`, () => /\[\d+\]\n$/.test(text));
    return text;
  };
  return { run, leave: () => socket.destroy() };
}

test("the image is imported by the command, and the service is there before anybody comes", async () => {
  const environment = { ...process.env, BERTH_URL: berth.url, BERTH_TOKEN: berth.adminToken };
  const words = ["image", "import", join(place, "image.tar"), "--name", "notes"];
  assert.equal(execFileSync(berth.program("berth"), words, { env: environment, encoding: "utf8" }), "notes\n");
  await eventually("machines in the pool", async () => (await berth.admin.ok("GET", "/pools")).items.some(({ image, ready }) => image === "notes" && ready > 0));
});

test("who is no attacker is thanked", async () => {
  const socket = connect({ port, host: "127.0.0.1" });
  let text = "";
  socket.on("data", (bytes) => (text += bytes));
  socket.write("hello\n");
  await new Promise((resolve) => socket.on("close", resolve));
  assert.equal(text, "What is on your mind?\nThank you. Nobody will ever read it.\n");
});

test("the exploit prints the flag", async () => {
  assert.equal(await solve(), `${flag}\n`);
});

test("the service's user cannot read the flag but by the helper, and can write nowhere but in /tmp", async () => {
  const { run, leave } = await shell();
  assert.match(await run("id -u"), /^1000\n/);
  assert.equal(await run("cat /flag"), "cat: can't open '/flag': Permission denied\n[1]\n");
  assert.match(await run("ls -l /flag /readflag"), /^-r-------- .* \/flag\n-rwsr-xr-x .* \/readflag\n/m);
  for (const path of ["/x", "/notes", "/bin/sh", "/etc/passwd", "/root/x"]) assert.match(await run(`echo x >${path}`), /\[[12]\]\n$/, path);
  assert.equal(await run("touch /x"), "touch: /x: Read-only file system\n[1]\n");
  assert.equal(await run("echo mine >/tmp/mine; cat /tmp/mine"), "mine\n[0]\n");
  assert.equal(await run("/readflag"), `${flag}\n[0]\n`);
  leave();
});

test("two connections are on two machines, and nothing of the first is left for the next", async () => {
  const [one, two] = [await shell(), await shell()];
  assert.equal(await one.run("echo secret >/tmp/of-one; ls /tmp"), "of-one\n[0]\n");
  assert.equal(await two.run("ls /tmp"), "[0]\n");
  assert.doesNotMatch(await two.run("ps"), /of-one|ls \/tmp/);
  assert.equal((await statusOf()).instances, 2);
  one.leave();
  two.leave();
  await eventually("the end of both machines", async () => (await statusOf()).instances === 0);
  assert.equal(await solve("ls /tmp"), "");
});

test("the page shows the configuration of the example", () => {
  const [shown] = blocks(page("ctf.md"), "toml");
  assert.ok(readFileSync(join(example, "berthd.toml"), "utf8").endsWith(shown));
});

test("the page of services tells of every key, with its default", () => {
  const file = join(place, "least.toml");
  writeFileSync(file, '[[service]]\nname = "a"\nlisten = "127.0.0.1:1"\nimage = "b"\nport = 1\nplan = "small"\n');
  const printed = output(berth.program("berthd"), "--config", file, "--print-config").split("[[service]]\n")[1];
  const given = ["name", "listen", "image", "port", "plan"];
  const keys = [...printed.matchAll(/^(\w+) = (.*)$/gm)].map(([, key, value]) => (given.includes(key) ? `${key}: ` : `${key}: \`${value}\``));
  const told = [...page("services.md").matchAll(/^\| `(\w+)` \| ?(.*?) ?\| /gm)].map(([, key, value]) => `${key}: ${value}`);
  assert.deepEqual(told.filter((line) => !line.startsWith("berth_")), keys);
});

test("the client of the page reaches a machine with its token", async () => {
  const client = blocks(page("services.md"), "python")[0].replace("7001", (await statusOf("box")).port);
  const { stdout } = await promisify(execFile)("python3", ["-c", client], { timeout: 60_000 });
  assert.equal(stdout, "hello\n\n");
  assert.equal((await statusOf("box")).instances, 1);
});
