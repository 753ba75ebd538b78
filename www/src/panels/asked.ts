/** Dialogs that can be asked for; one is open at a time. */
export type Asked = 'methods' | 'league' | 'help' | 'share' | 'lessons' | 'export';
