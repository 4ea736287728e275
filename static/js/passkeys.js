/* Passkeys. A form with data-passkey="create" or "get" is sent with what the browser answered to its question, which
   is in data-options, or at the address data-options-url. */
import { find, listen } from "./document.js";

const REFUSED = "The browser gave no passkey. Try again, or use another way.";
const UNKNOWN = "This browser has no passkeys. Use a newer one, or another way.";

listen("submit", (event) => {
  const form = event.target.closest("form[data-passkey]");
  if (!form || form.credential.value) return;
  event.preventDefault();
  answer(form).then(
    (credential) => {
      form.credential.value = JSON.stringify(credential);
      form.submit();
    },
    (error) => say(form, error.name === "TypeError" ? UNKNOWN : REFUSED),
  );
});

/**
 * Ask the browser, which asks the person.
 * @param {HTMLFormElement} form
 * @returns {Promise<object>} the credential as JSON
 */
async function answer(form) {
  say(form, "");
  const options = form.dataset.options ? JSON.parse(form.dataset.options) : await fetched(form.dataset.optionsUrl);
  const isNew = form.dataset.passkey === "create";
  const publicKey = isNew
    ? PublicKeyCredential.parseCreationOptionsFromJSON(options.publicKey)
    : PublicKeyCredential.parseRequestOptionsFromJSON(options.publicKey);
  const made = await (isNew ? navigator.credentials.create({ publicKey }) : navigator.credentials.get({ publicKey }));
  return made.toJSON();
}

async function fetched(url) {
  const reply = await fetch(url, { headers: { Accept: "application/json" } });
  if (!reply.ok) throw new Error(`${reply.status}`);
  return reply.json();
}

function say(form, text) {
  const place = find("[data-passkey-problem]", form);
  place.textContent = text;
  place.hidden = !text;
}
