/** Files that this build of the page found in public/: see vite.config.ts. */
declare const __SHIPPED__: { cpu: boolean; gpu: boolean; demo: boolean; references: string[] };
