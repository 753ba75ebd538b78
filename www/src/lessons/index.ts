// Lessons: settings of a run, and what its own numbers say. Their words are in the language tables.
import type { RunData } from '../state/run-data';
import { defaults, type Settings } from '../state/settings';

export interface Lesson {
  id: string;
  settings: Partial<Settings> & Pick<Settings, 'scenario'>;
  measure(data: RunData): undefined;
}

export const LESSONS: readonly Lesson[] = [];

/** The settings that a lesson begins with. */
export function settingsOf(id: string): Settings | undefined {
  const lesson = LESSONS.find((each) => each.id === id);
  return lesson ? { ...defaults(lesson.settings.scenario), ...lesson.settings } : undefined;
}
