/* Keeps "2 h ago" true on a page that stays open. The first words are the server's, so nothing moves. */
import { findAll } from "./document.js";

const MINUTE = 60;
const DAY = 86400;
const EVERY = 30000;

/* How far this clock is ahead of the server's, in milliseconds. */
const skew = Date.now() - Date.parse(document.documentElement.dataset.now || new Date().toISOString());

/**
 * The words of relative() in pages/templatetags/ui.py.
 * @param {number} then milliseconds since 1970
 * @returns {string | null} null from two weeks on: the server wrote a date
 */
export function relativeWords(then) {
  const seconds = (then - (Date.now() - skew)) / 1000;
  const length = Math.abs(seconds);
  if (length < MINUTE) return "just now";
  if (length >= 14 * DAY) return null;
  return seconds > 0 ? `in ${lengthWords(length)}` : `${lengthWords(length)} ago`;
}

function lengthWords(seconds) {
  const days = Math.floor(seconds / DAY);
  const hours = Math.floor(seconds / 3600) % 24;
  if (days) return hours && days < 3 ? `${days} d ${hours} h` : `${days} d`;
  return hours ? `${hours} h` : `${Math.floor(seconds / MINUTE)} min`;
}

setInterval(() => {
  for (const time of findAll("time[data-relative]")) {
    const words = relativeWords(Date.parse(time.dateTime));
    if (words && words !== time.textContent) time.textContent = words;
  }
}, EVERY);
