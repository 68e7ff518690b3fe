import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';

/** What compresses well. Pictures are compressed already. */
const TEXT = /\.(html|js|css|svg|json)$/;

/** Smaller files than this fit into one packet as they are. */
const WORTHWHILE = 1024;

function files(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? files(path) : [path];
  });
}

/** Writes the compressed forms beside each file, so that the server need not compress anything. */
export function compress(): Plugin {
  let folder = 'dist';
  return {
    name: 'tidegate-compress',
    apply: 'build',
    configResolved(config) {
      folder = join(config.root, config.build.outDir);
    },
    closeBundle() {
      for (const path of files(folder).filter((path) => TEXT.test(path))) {
        const bytes = readFileSync(path);
        if (bytes.length < WORTHWHILE) continue;
        const params = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
        writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params }));
        writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
      }
    },
  };
}
