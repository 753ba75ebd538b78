// Mutation testing: which deliberate mistakes in the objectives, the trainer and the importers do the tests notice?
// cargo-mutants lists the mistakes; building once for each would take days. So a copy of the source gets all the chosen
// ones at once: every function's body stands there once for each of its mutants, and an environment variable says which
// one runs. What does not compile is dropped. Then the tests run once for each, until one fails.
//
// node scripts/mutants.mjs TARGET [--sample N] [--seed N] [--only TEXT] [--seconds N] [--stage build|run] [--out FILE]
import { spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

const flags = new Map();
for (let i = 3; i < process.argv.length; i += 2) flags.set(process.argv[i], process.argv[i + 1]);
const target = resolve(process.argv[2]);
const sample = Number(flags.get("--sample") ?? 500);
const seconds = Number(flags.get("--seconds") ?? Infinity);
const only = flags.get("--only") ?? "";
const out = resolve(flags.get("--out") ?? join(target, "mutants.json"));
const tree = join(target, "mutants");
const root = resolve(import.meta.dirname, "..");
const env = { ...process.env, CARGO_TARGET_DIR: join(target, "native"), CARGO_TERM_COLOR: "never" };
const features = ["--release", "--features", "cli,typescript,gpu"];

// Test binaries that look at each area, and which of their tests (all where none are named): first what fails soonest,
// and without those that take a minute.
const AREAS = {
  "src/objective/": ["trl", "wdpo_three_ways", "closed_form", "properties", "lib objective", "twin", "family", "types"],
  "src/train/": ["twin", "wdpo_three_ways", "closed_form", "properties", "lib train", "roundtrip", "hostile", "checkpoint damaged settings own_pairs a_part lanes_go", "emotion", "guard goes_back after_the without_a absurd stopped", "lanes", "fused", "family", "selftest"],
  "src/data/import/": ["lib import", "roundtrip pairs", "properties", "hostile pairs"],
};
/** Seconds of processor time that tests may take; the longest takes a fifth. */
const LIMIT = 60;
const SKIP = [
  [/^src\/.*\/tests(\.rs|\/.*) | tests::/, "tests"],
  // Held to the CPU's numbers by tests/fused_gpu.rs, where there is a GPU.
  [/ .*::shader$|^src\/train\/selftest\.rs /, "for GPUs"],
];

const run = (command, args, options = {}) => spawnSync(command, args, { encoding: "utf8", maxBuffer: 1 << 30, env, ...options });

/** Numbers in [0, 1) from a seed (mulberry32). */
function random(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** All mutants of the areas, in an order that the seed decides: a sample is the beginning of it. */
function list() {
  const files = Object.keys(AREAS).flatMap((a) => ["-f", `${a}**`]);
  const listed = run("cargo", ["mutants", "--list", "--json", ...files], { cwd: root });
  if (listed.status !== 0) throw new Error(`cargo mutants: ${listed.stderr || "install it with scripts/setup.sh mutants"}`);
  const all = JSON.parse(listed.stdout).filter((m) => !SKIP.some(([what]) => what.test(`${m.file} ${m.function?.function_name}`)) && `${m.file} ${m.function?.function_name}`.includes(only));
  const next = random(Number(flags.get("--seed") ?? 1));
  for (let i = all.length - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [all[i], all[j]] = [all[j], all[i]];
  }
  return { total: all.length, mutants: all.slice(0, sample).map((m, i) => ({ ...m, id: i + 1 })) };
}

/** Offset of a line and column, both from one; a column counts characters. */
function offset(lines, starts, { line, column }) {
  return starts[line - 1] + [...lines[line - 1]].slice(0, column - 1).join("").length;
}

/** Where the body of the function in `text[from..to]` begins: the `{` that closes at its end. */
function body(text, from, to) {
  const opened = [];
  for (let i = from; i < to; i++) {
    const c = text[i];
    if (c === "/" && text[i + 1] === "/") i = text.indexOf("\n", i);
    else if (c === "r" && /^r#*"/.test(text.slice(i, i + 5)) && !/\w/.test(text[i - 1])) {
      const hashes = /^r(#*)"/.exec(text.slice(i, i + 5))[1];
      i = text.indexOf(`"${hashes}`, i + 2 + hashes.length) + hashes.length;
    } else if (c === '"') for (i++; text[i] !== '"'; i++) i += text[i] === "\\" ? 1 : 0;
    else if (c === "'" && /^'(\\.[^']*|[^\\'])'/.test(text.slice(i, i + 12))) i += /^'(\\.[^']*|[^\\'])'/.exec(text.slice(i, i + 12))[0].length - 1;
    else if (c === "{") opened.push(i);
    else if (c === "}" && opened.length) {
      const begins = opened.pop();
      if (i === to - 1) return begins;
    }
  }
  throw new Error(`no body in ${text.slice(from, to).slice(0, 200)}`);
}

/** A table, such as a method's card. */
const STATIC = /^static (\w+): (\w+) = [^]*?\n\}\)?;\n/gm;

/** The file with a choice in front of every body that has mutants, and wherever a static that has some is borrowed, whose copies
 * come last; `spans` learns on which lines each mutant is. */
function instrument(file, mutants, spans) {
  const text = readFileSync(join(root, file), "utf8");
  const lines = text.split("\n");
  const starts = lines.reduce((s, l) => [...s, s.at(-1) + l.length + 1], [0]);
  const functions = new Map(), statics = new Map();
  for (const m of mutants) {
    if (!m.function) {
      const [from, to] = [m.span.start, m.span.end].map((p) => offset(lines, starts, p));
      const inside = [...text.matchAll(STATIC)].find((s) => s.index < from && to < s.index + s[0].length);
      if (!inside) { m.outcome = "constant"; continue; }
      const at = inside.index + inside[0].indexOf(" = ") + 3;
      const copy = `static ${inside[1]}_${m.id}: ${inside[2]} = ${text.slice(at, from)}${m.replacement}${text.slice(to, inside.index + inside[0].length)}`;
      statics.set(inside[1], [...(statics.get(inside[1]) ?? []), { m, copy }]);
      continue;
    }
    const [from, to] = [m.function.span.start, m.function.span.end].map((p) => offset(lines, starts, p));
    functions.set(from, { from, to, mutants: [...(functions.get(from)?.mutants ?? []), m] });
  }
  let made = "", done = 0;
  for (const f of [...functions.values()].sort((a, b) => a.from - b.from)) {
    if (f.from < done) { for (const m of f.mutants) m.outcome = "nested"; continue; }
    const begins = body(text, f.from, f.to);
    if (/\bconst fn\b/.test(text.slice(f.from, begins))) { for (const m of f.mutants) m.outcome = "constant"; continue; }
    made += text.slice(done, begins) + "{ match crate::mutant_switch::id() {\n";
    for (const m of f.mutants) {
      const [from, to] = [m.span.start, m.span.end].map((p) => offset(lines, starts, p));
      const first = made.split("\n").length;
      made += `${m.id} => { ${text.slice(begins + 1, from)}${m.replacement}${text.slice(to, f.to - 1)} }\n`;
      spans.push({ file, first, last: made.split("\n").length - 1, mutant: m });
    }
    made += `_ => ${text.slice(begins, f.to)} } }`;
    done = f.to;
  }
  made += text.slice(done);
  for (const [name, copies] of statics) {
    made = made.replace(new RegExp(`&${name}\\b`, "g"), `(match crate::mutant_switch::id() { ${copies.map(({ m }) => `${m.id} => &${name}_${m.id},`).join(" ")} _ => &${name} })`);
    for (const { m, copy } of copies) {
      const first = made.split("\n").length;
      made += copy + "\n";
      spans.push({ file, first, last: made.split("\n").length - 1, mutant: m });
    }
  }
  writeFileSync(join(tree, file), made);
}

const SWITCH = `
/// Which mutant runs: 0 is none.
pub mod mutant_switch {
    use std::sync::OnceLock;
    static ID: OnceLock<u32> = OnceLock::new();
    #[inline]
    pub fn id() -> u32 {
        *ID.get_or_init(|| std::env::var("PREFSHIFT_MUTANT").ok().and_then(|v| v.parse().ok()).unwrap_or(0))
    }
}
`;

/** Builds the tests with all mutants that compile; returns the test binaries by name. */
function build(mutants) {
  rmSync(tree, { recursive: true, force: true });
  mkdirSync(tree, { recursive: true });
  for (const part of ["src", "tests", "examples", "fuzz/corpus", "www/public/reference", "www/src/engine", "Cargo.toml", "Cargo.lock", "rust-toolchain.toml"]) if (existsSync(join(root, part))) cpSync(join(root, part), join(tree, part), { recursive: true });
  const lib = readFileSync(join(tree, "src/lib.rs"), "utf8");
  // Not by RUSTFLAGS, with which every dependency would be compiled anew.
  writeFileSync(join(tree, "src/lib.rs"), `#![allow(warnings)]\n${lib}${SWITCH}`);
  const tests = [...new Set(Object.values(AREAS).flat().map((t) => t.split(" ")[0]))].flatMap((t) => (t === "lib" ? ["--lib"] : ["--test", t]));
  for (let round = 1; ; round++) {
    const spans = [];
    for (const file of new Set(mutants.map((m) => m.file))) instrument(file, mutants.filter((m) => m.file === file && !m.outcome), spans);
    const quick = round === 1 || mutants.some((m) => m.outcome === "unviable" && m.round === round - 1);
    const built = run("cargo", quick ? ["build", ...features, "--lib", "--message-format", "json"] : ["test", "--no-run", ...features, ...tests, "--message-format", "json"], { cwd: tree });
    const said = built.stdout.split("\n").filter((l) => l.startsWith("{")).map((l) => JSON.parse(l));
    const errors = said.filter((m) => m.reason === "compiler-message" && m.message.level === "error" && m.message.spans.length);
    let dropped = 0;
    for (const e of errors) {
      // Where a macro failed, the place that it was called from.
      const from = (p) => [p, ...(p.expansion ? from(p.expansion.span) : [])];
      const places = [...e.message.spans].sort((a, b) => Number(b.is_primary) - Number(a.is_primary)).flatMap(from);
      const hit = places.flatMap((p) => spans.filter((s) => p.file_name.endsWith(s.file) && p.line_start >= s.first && p.line_start <= s.last))[0];
      if (hit && !hit.mutant.outcome) { hit.mutant.outcome = "unviable"; hit.mutant.round = round; dropped++; }
    }
    console.log(`round ${round}: ${errors.length} errors, ${dropped} mutants dropped`);
    // Copied, for an ordinary build writes over them.
    const copied = (name, from) => (cpSync(from, join(tree, "bin", name)), [name, join(tree, "bin", name)]);
    const binaries = said.filter((m) => m.reason === "compiler-artifact" && m.executable && m.profile.test);
    if (built.status === 0 && !quick) return Object.fromEntries(binaries.map((m) => copied(m.target.kind.includes("test") ? m.target.name : "lib", m.executable)));
    if (built.status !== 0 && dropped === 0) throw new Error(`the copy does not build:\n${errors.map((e) => e.message.rendered).join("\n").slice(0, 4000)}\n${built.stderr.slice(-2000)}`);
  }
}

/** Runs tests; resolves to how they ended. Time is the processor's, so that a busy machine is no endless loop. */
function test(name, id, seconds) {
  const [binary, ...filter] = name.split(" ");
  return new Promise((done) => {
    const child = spawn("sh", ["-c", `ulimit -t ${seconds}; exec "$0" "$@"`, binaries[binary], "--quiet", ...filter], { cwd: tree, env: { ...env, PREFSHIFT_MUTANT: String(id), RUST_BACKTRACE: "0" }, stdio: ["ignore", "pipe", "ignore"], detached: true });
    let said = "", late = false;
    child.stdout.on("data", (d) => { said = (said + d).slice(-20000); });
    // What waits for ever uses no processor.
    const timer = setTimeout(() => { late = true; process.kill(-child.pid, "SIGKILL"); }, 20_000 * seconds);
    child.on("close", (code, signal) => { clearTimeout(timer); done({ code, late: late || signal === "SIGKILL" || signal === "SIGXCPU", failed: /^ {4}(\S+)$/m.exec(said.split("failures:").at(-1))?.[1] }); });
  });
}

/** 95 % interval of a share (Wilson). */
function interval(k, n) {
  const z = 1.96, p = k / n, d = 1 + z * z / n, half = z * Math.sqrt(p * (1 - p) / n + z * z / (4 * n * n));
  return [(p + z * z / (2 * n) - half) / d, (p + z * z / (2 * n) + half) / d];
}

const kept = join(target, "mutants-built.json");
if (flags.get("--stage") !== "run") {
  const { total, mutants } = list();
  console.log(`${mutants.length} of ${total} mutants`);
  writeFileSync(kept, JSON.stringify({ binaries: build(mutants), mutants }));
}
if (flags.get("--stage") === "build") process.exit(0);
const { binaries, mutants } = JSON.parse(readFileSync(kept, "utf8"));
// What an earlier run with the same build found out stands.
const before = flags.get("--stage") === "run" && existsSync(out) ? JSON.parse(readFileSync(out, "utf8")) : [];
for (const m of mutants) Object.assign(m, before.find((b) => b.id === m.id));
const began = Date.now();
if (before.length === 0) {
  for (const name of new Set(Object.values(AREAS).flat())) {
    const { code, failed } = await test(name, 0, LIMIT);
    if (code !== 0) throw new Error(`${name} fails without a mutant: ${failed ?? "too slow"}`);
  }
}
for (const m of mutants) {
  if (m.outcome) continue;
  if ((Date.now() - began) / 1000 > seconds) break;
  m.outcome = "missed";
  const tests = AREAS[Object.keys(AREAS).find((a) => m.file.startsWith(a))];
  for (const name of m.function ? tests : ["types", ...tests.filter((t) => t !== "types")]) {
    const { code, late, failed } = await test(name, m.id, LIMIT);
    if (late || code !== 0) { m.outcome = late ? "timeout" : "caught"; m.by = `${name} ${failed ?? ""}`.trim(); break; }
  }
  console.log(`${m.outcome.padEnd(8)} ${m.file}:${m.span.start.line}:${m.span.start.column} ${m.function?.function_name ?? "card"}: ${m.genre} ${m.replacement.slice(0, 80)}${m.by ? `  (${m.by})` : ""}`);
  writeFileSync(out, JSON.stringify(mutants, null, 1));
}
writeFileSync(out, JSON.stringify(mutants, null, 1));

// Fields of a card are seen by the test that holds the page's catalog to them; they are counted apart.
const whose = [...Object.keys(AREAS).map((area) => [area, (m) => m.function && m.file.startsWith(area)]), ["all", (m) => m.function], ["cards", (m) => !m.function]];
for (const [area, own] of whose) {
  const of = (o) => mutants.filter((m) => own(m) && m.outcome === o).length;
  const caught = of("caught") + of("timeout"), tried = caught + of("missed");
  const [low, high] = interval(caught, tried).map((x) => (100 * x).toFixed(0));
  console.log(`${area.padEnd(18)} ${caught} of ${tried} caught (${(100 * caught / tried).toFixed(1)} %, ${low} to ${high}), ${of("timeout")} by time; ${of("unviable")} do not compile, ${of("constant") + of("nested")} not tried`);
}
