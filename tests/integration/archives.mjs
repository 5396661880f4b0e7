// SPDX-License-Identifier: Apache-2.0
// Tar archives made by hand, so that they can say what no tool would write.
const octal = (number, width) => number.toString(8).padStart(width - 1, "0") + "\0";

function header({ name, type = "0", link = "", size = 0, mode = 0o644, major = 0, minor = 0 }) {
  const block = Buffer.alloc(512);
  block.write(name, 0, 100, "latin1");
  block.write(octal(mode, 8), 100);
  block.write(octal(0, 8), 108);
  block.write(octal(0, 8), 116);
  block.write(octal(size, 12), 124);
  block.write(octal(0, 12), 136);
  block.write("        ", 148);
  block.write(type, 156);
  block.write(link, 157, 100, "latin1");
  block.write("ustar\x0000", 257);
  block.write(octal(major, 8), 329);
  block.write(octal(minor, 8), 337);
  let sum = 0;
  for (const byte of block) sum += byte;
  block.write(octal(sum, 7) + " ", 148);
  return block;
}

// Of {name, type, link, content, mode, major, minor}.
export function tar(...entries) {
  const blocks = [];
  for (const { content = "", ...entry } of entries) {
    const bytes = Buffer.from(content);
    blocks.push(header({ ...entry, size: bytes.length }), bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512));
  }
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

const device = { type: "3", major: 1, minor: 1, mode: 0o666 };

// What must be refused; each has a good file first, `good`, and would write `evil` outside.
export const hostileArchives = {
  "a name with ..": [{ name: "../evil", content: "x" }],
  "a name with .. inside": [{ name: "folder/../../evil", content: "x" }],
  "an absolute name": [{ name: "/evil", content: "x" }],
  "a file through an absolute link": [{ name: "out", type: "2", link: "/" }, { name: "out/evil", content: "x" }],
  "a file through a link with ..": [{ name: "out", type: "2", link: ".." }, { name: "out/evil", content: "x" }],
  "a hard link to a name with ..": [{ name: "evil", type: "1", link: "../../etc/passwd" }],
  "a hard link to an absolute name": [{ name: "evil", type: "1", link: "/etc/passwd" }],
  "a character device": [{ name: "evil", ...device }],
  "a block device": [{ name: "evil", ...device, type: "4" }],
  "no archive at all": undefined,
};
export const hostileBytes = (entries) => (entries ? tar(...entries) : Buffer.alloc(4096, "this is no archive. "));
