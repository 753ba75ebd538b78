/** A key that is meant for the page, not for a field, a dialog or a control that has the focus. */
export function forPage(event: KeyboardEvent): boolean {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return false;
  const target = event.target instanceof Element ? event.target : document.body;
  if (target.closest('dialog') !== null || document.querySelector('dialog[open]') !== null) return false;
  const field = target.closest('input, select, textarea, [role="slider"], [contenteditable]');
  if (field === null) return true;
  // Sliders have no use for letters, nor a range for space: what is said of the page goes on after scrubbing.
  const range = field.matches('input[type="range"]');
  return (range || field.matches('[role="slider"]')) && (/^[\p{L}\d?]$/u.test(event.key) || (range && event.key === ' '));
}
