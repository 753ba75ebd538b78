// The words of the page in the language that is chosen. Another language is another object of type `Words` in LANGUAGES.
export { language, LANGUAGES, setLanguage, startLanguage, t, type Language, type Words } from './language.svelte';
