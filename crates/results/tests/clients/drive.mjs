// Reads a list of operations from standard input, does each with an official client, and writes
// what came of each, in the same order, as the last line: { ok: value } or { error: text }.

const clients = {
  "artifact-2": async () => (await import("artifact-2")).default,
  artifact: async () => await import("@actions/artifact"),
  "cache-4": async () => (await import("cache-4")).default,
  cache: async () => await import("@actions/cache"),
  glob: async () => await import("@actions/glob"),
};

const operations = {
  upload: async (module, { name, files, root, options }) =>
    new module.DefaultArtifactClient().uploadArtifact(name, files, root, options),
  download: async (module, { id, options }) =>
    new module.DefaultArtifactClient().downloadArtifact(id, options),
  list: async (module, { latest }) =>
    new module.DefaultArtifactClient().listArtifacts({ latest }),
  get: async (module, { name }) => new module.DefaultArtifactClient().getArtifact(name),
  delete: async (module, { name }) => new module.DefaultArtifactClient().deleteArtifact(name),
  save: async (module, { paths, key }) => module.saveCache(paths, key),
  restore: async (module, { paths, key, keys, lookupOnly }) =>
    (await module.restoreCache(paths, key, keys, { lookupOnly })) ?? null,
  glob: async (module, { patterns, options }) =>
    (await module.create(patterns.join("\n"), options)).glob(),
  hash: async (module, { patterns, root }) => module.hashFiles(patterns.join("\n"), root),
};

async function run({ client, operation, ...input }) {
  try {
    // A name that is not in the table is a mistake of the test, and told as one.
    return { ok: await operations[operation](await clients[client](), input) };
  } catch (error) {
    return { error: String(error?.message ?? error) };
  }
}

let text = "";
for await (const piece of process.stdin) text += piece;
const { together, list } = JSON.parse(text);
const results = [];
if (together) results.push(...(await Promise.all(list.map(run))));
else for (const one of list) results.push(await run(one));
console.log(`\n${JSON.stringify(results)}`);
