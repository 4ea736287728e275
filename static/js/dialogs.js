/* Buttons and links that open a dialog (data-open="id"), close something, copy a text or print the page. A link to
   the dialog's id is the way without scripts. */
import { find, findAll, listen } from "./document.js";
import { resetPalette } from "./palette.js";
import { showToast } from "./toasts.js";

/**
 * Open a dialog and close every menu.
 * @param {string} id
 * @returns {boolean} whether there is such a dialog
 */
export function openDialog(id) {
  const dialog = document.getElementById(id);
  if (!dialog) return false;
  for (const menu of findAll("[popover]:popover-open")) menu.hidePopover();
  if (dialog.open) return true;
  dialog.showModal();
  if (id === "palette") resetPalette();
  return true;
}

listen("click", (event) => {
  const opener = event.target.closest("[data-open]");
  if (opener && !event.ctrlKey && !event.metaKey && openDialog(opener.dataset.open)) event.preventDefault();
  const closer = event.target.closest("[data-close]");
  if (closer) close(closer);
  else if (event.target.nodeName === "DIALOG") event.target.close();
  const copier = event.target.closest("[data-copy]");
  if (copier) copy(copier.dataset.copy || find("pre", copier.parentNode).textContent);
  if (event.target.closest("[data-print]")) window.print();
});

function close(button) {
  const dialog = button.closest("dialog");
  if (dialog) dialog.close();
  else button.closest(".toast,.notice")?.remove();
}

function copy(text) {
  navigator.clipboard?.writeText(text).then(() => showToast("Copied"));
}

/* The server drew it open: a form in it was refused. As a modal it also keeps the focus. */
for (const dialog of findAll("dialog[open]")) {
  dialog.close();
  dialog.showModal();
}
