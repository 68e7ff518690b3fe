/** Nothing is set: Svelte 5 with runes, and TypeScript that Vite strips. */
export default { compilerOptions: { runes: true } };
