/** Files that this build of the page found in public/: see vite.config.ts. */
declare const __SHIPPED__: { cpu: boolean; gpu: boolean; demo: boolean; references: string[] };

/** MathML of every method's objective, by method id: see formulas.ts. */
declare module 'virtual:formulas' {
  const formulas: Record<string, string>;
  export default formulas;
}
