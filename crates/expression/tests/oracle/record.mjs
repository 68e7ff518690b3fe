// Asks @actions/expressions what each expression is worth, and writes recorded.json: an expression a line, with
// what it is worth, or with the error that it is refused with or ends in.
import { readFileSync, writeFileSync } from "node:fs";
import { Evaluator, Lexer, Parser, data } from "@actions/expressions";
import { reviver } from "@actions/expressions/data/reviver";

const read = (name) => readFileSync(new URL(name, import.meta.url), "utf8");
const contexts = JSON.parse(read("contexts.json"), reviver);
const lists = JSON.parse(read("expressions.json"));

/** All expressions: the tables of pairs and of calls written out, and the groups. */
function expressions() {
  const every = (left, right, write) => left.flatMap((l) => right.map((r) => write(l, r)));
  const { pairs, calls, groups } = lists;
  const tables = [
    ...pairs.operators.flatMap((sign) => every(pairs.operands, pairs.operands, (l, r) => `${l} ${sign} ${r}`)),
    ...calls.functions.flatMap((name) => every(calls.operands, calls.operands, (l, r) => `${name}(${l}, ${r})`)),
  ];
  return [...new Set([...tables, ...Object.values(groups).flat()])];
}

/** A value as JSON, which has no NaN and no Infinity. */
function plain(value) {
  switch (value.kind) {
    case data.Kind.Null:
      return null;
    case data.Kind.Number:
      return Number.isFinite(value.value) ? value.value : { "not finite": String(value.value) };
    case data.Kind.Array:
      return value.values().map(plain);
    case data.Kind.Dictionary:
      return { members: value.pairs().map((pair) => [pair.key, plain(pair.value)]) };
    default:
      return value.value;
  }
}

function message(error, expression) {
  const place = error.pos ? `. Located at position ${error.pos.column + 1} within expression: ${expression}` : "";
  return error.message + place;
}

function outcome(expression) {
  let tree;
  try {
    const names = contexts.pairs().map((pair) => pair.key);
    tree = new Parser(new Lexer(expression).lex().tokens, names, []).parse();
  } catch (error) {
    return { refused: message(error, expression) };
  }
  try {
    return { value: tree ? plain(new Evaluator(tree, contexts).evaluate()) : null };
  } catch (error) {
    return { fails: message(error, expression) };
  }
}

// Letters beyond ASCII are escaped: many of them look like others.
const ascii = (text) => text.replace(/[\u007f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
const lines = expressions().map((expression) => ascii(JSON.stringify([expression, outcome(expression)])));
writeFileSync(new URL("recorded.json", import.meta.url), `[\n${lines.join(",\n")}\n]\n`);
