/** A key that is meant for the page, not for a field, a dialog or a control that has the focus. */
export function forPage(event: KeyboardEvent): boolean {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return false;
  const target = event.target instanceof Element ? event.target : document.body;
  return target.closest('input, select, textarea, dialog, [role="slider"], [contenteditable]') === null && document.querySelector('dialog[open]') === null;
}
