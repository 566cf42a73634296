/** When single letters are text or belong to something else, and so are no shortcuts. */

/** True in inputs, in the terminal, which keeps its own keys, and in lists that letters find their way in. */
export function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable ||
      /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) ||
      target.closest("[data-typeahead]") !== null)
  );
}

/** A dialog or menu has the keys while it is open. */
export function isCovered(): boolean {
  return document.querySelector('[role="dialog"], [role="alertdialog"], [role="menu"]') !== null;
}
