// SPDX-License-Identifier: Apache-2.0
// Prints api/openapi.yaml as JSON, which is how berthd serves it. Uses the YAML reader of the console's own build tools.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const here = new URL(".", import.meta.url);
const require = createRequire(createRequire(new URL("../web/package.json", here)).resolve("openapi-typescript"));
const { parseYaml } = require("@redocly/openapi-core");
console.log(JSON.stringify(parseYaml(readFileSync(new URL("../api/openapi.yaml", here), "utf8"))));
