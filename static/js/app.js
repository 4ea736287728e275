/* What every page loads. Listeners are on the document, so what htmx swaps in works without being set up.
   Every page works without these files. The order matters where two modules listen to the same event. */
import "./appearance.js";
import "./failures.js";
import "./relative-time.js";
import "./hotkeys.js";
import "./dialogs.js";
import "./palette.js";
import "./selection.js";
import "./drafts.js";
import "./filter-forms.js";
import "./refusals.js";
import "./heat-map.js";
import "./peek.js";
import "./chart.js";
