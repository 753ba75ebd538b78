import { describe, expect, it } from 'vitest';
import { LESSONS_EN } from '../i18n/lessons-en';
import { LESSONS_JA } from '../i18n/lessons-ja';
import { clamp, defaults, type SettingKey } from '../state/settings';
import { RunData } from '../state/run-data';
import { answerOf, LESSONS, settingsOf } from '.';

describe('every lesson', () => {
  it('has words in both languages, with an answer for what was found', () => {
    expect(LESSONS.length).toBeGreaterThanOrEqual(9);
    expect(Object.keys(LESSONS_EN).sort()).toEqual(LESSONS.map((lesson) => lesson.id).sort());
    expect(Object.keys(LESSONS_JA).sort()).toEqual(LESSONS.map((lesson) => lesson.id).sort());
    for (const { id, found } of LESSONS) {
      expect(LESSONS_JA[id]!.answers.length, id).toBe(LESSONS_EN[id]!.answers.length);
      expect(LESSONS_EN[id]!.answers[found], id).toBeDefined();
    }
  });

  it('sets only what the page allows', () => {
    for (const { id, settings } of LESSONS) {
      for (const [key, value] of Object.entries(settings)) expect(clamp(key as SettingKey, String(value), settings.scenario), `${id}: ${key}`).toEqual({ value });
      expect(settingsOf(id)).toEqual({ ...defaults(settings.scenario), ...settings });
    }
  });

  it('says nothing of a run that has not ended', () => {
    for (const { id } of LESSONS) expect(answerOf(id, new RunData())).toBeUndefined();
  });
});
