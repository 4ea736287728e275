"""The categories of a new register. The first category of each signal kind is its default.

Signs, questions and mitigations are Markdown lists. Users can change these categories like any others.
"""

from signals.states import SignalKind

FIRST: tuple[dict[str, str], ...] = (
    {
        "slug": "data-drift",
        "name": "Data drift",
        "kind": SignalKind.DRIFT,
        "definition": (
            "The input differs from the training data: the distribution of one or more features, or of "
            "the scores themselves, has shifted. The model still answers, but its answers are based on "
            "outdated data."
        ),
        "signs": (
            "- Population stability index or a distance between distributions rises over several "
            "windows\n"
            "- The share of one category, region or channel shifts\n"
            "- Scores concentrate at one end, or the approval rate changes without a change of policy\n"
            "- A value appears that is not in the training data"
        ),
        "questions": (
            "- Which features shifted, and how important are they for the score?\n"
            "- Did the population change, or the pipeline?\n"
            "- Is the shift the same in every segment?\n"
            "- Do newer labels show worse results, or did only the inputs change?"
        ),
        "mitigations": (
            "- Fix the pipeline first if it is the cause\n"
            "- Retrain on data from after the change, and compare with a challenger model\n"
            "- Review cases of the shifted segment manually until then\n"
            "- Agree thresholds for important features, and retire thresholds with false alarms"
        ),
    },
    {
        "slug": "broken-data",
        "name": "Broken or missing data",
        "kind": SignalKind.DATA_QUALITY,
        "definition": (
            "Values are missing, out of range, duplicated or in the wrong unit or format when the model "
            "reads them. In contrast to drift, the population has not changed. The data is wrong."
        ),
        "signs": (
            "- The share of nulls or defaults jumps for one feature\n"
            "- Row counts fall or double from one load to the next\n"
            "- A join matches far fewer rows than the day before\n"
            "- Units or encodings change after an upstream release"
        ),
        "questions": (
            "- Since which load, and what was released upstream on the day before?\n"
            "- What does the model do with a missing value: use a default, use a mean, refuse?\n"
            "- Which decisions were based on wrong rows, and can they be identified?\n"
            "- Who owns the data set, and did their checks detect the problem?"
        ),
        "mitigations": (
            "- Stop the load and use the last correct one if that is safer\n"
            "- Agree a data contract with the producer, and check it on receipt\n"
            "- Backfill the data, then score the affected cases again\n"
            "- Check data before training and before serving"
        ),
    },
    {
        "slug": "data-latency",
        "name": "Data latency",
        "kind": SignalKind.LATENCY,
        "definition": (
            "Features, labels or answers arrive too late for the decision. Then the model uses outdated "
            "data, or the caller times out and uses a fallback that nobody validated."
        ),
        "signs": (
            "- The age of the newest record at scoring time grows\n"
            "- Response times at p95 or p99 rise while the median does not change\n"
            "- Time-outs and fallback answers become more frequent\n"
            "- Ingestion windows end later, often on one weekday"
        ),
        "questions": (
            "- How old may this feature be before a decision changes?\n"
            "- Is only one source, one window or one hour of the day affected?\n"
            "- What does the caller do when no answer comes in time?\n"
            "- Was the model evaluated with the same delays?"
        ),
        "mitigations": (
            "- Store the age of each feature, and refuse features above a limit\n"
            "- Validate the fallback, and count how often it is used\n"
            "- Schedule the load earlier, or load the required features first\n"
            "- Evaluate the model with the delays of production"
        ),
    },
    {
        "slug": "performance-decay",
        "name": "Performance decay",
        "kind": SignalKind.PERFORMANCE,
        "definition": (
            "The known outcomes show that the model performs worse than in its validation: in ranking, in "
            "calibration, or for some groups of people."
        ),
        "signs": (
            "- AUC, recall or error moves away from the validated range\n"
            "- Predicted and observed rates diverge\n"
            "- Overrides by people become more frequent\n"
            "- One segment gets worse while the total does not change"
        ),
        "questions": (
            "- Does ranking or calibration get worse?\n"
            "- Which segments are affected, and how many people are in them?\n"
            "- Are the labels complete, or are there only early ones?\n"
            "- Would the previous version have performed better on the same cases?"
        ),
        "mitigations": (
            "- Recalibrate if the ranking is still correct\n"
            "- Retrain or return to the previous version, by the agreed procedure\n"
            "- Limit the use to the validated cases\n"
            "- Inform people who use the score about its current quality"
        ),
    },
    {
        "slug": "deployment",
        "name": "Deployment and rollback",
        "kind": SignalKind.DEPLOYMENT,
        "definition": (
            "The version in production is not the approved one, or it cannot be rolled back in time: a "
            "wrong artefact, a configuration that differs between stages, an untested rollback."
        ),
        "signs": (
            "- The version in production is not the version in the registry\n"
            "- Training and serving compute a feature differently\n"
            "- A release happens outside its window or without sign-off\n"
            "- Errors rise in the hour after a release"
        ),
        "questions": (
            "- Which version answered which request, and is there evidence?\n"
            "- How long does a rollback take, and who did it last?\n"
            "- What else changed in the same window?\n"
            "- Who signs off, and did they?"
        ),
        "mitigations": (
            "- Roll back first, then find the cause\n"
            "- Use a shadow or canary release before the full release\n"
            "- Use the same build in all stages\n"
            "- Rehearse the rollback and record the date"
        ),
    },
    {
        "slug": "label-noise",
        "name": "Label noise",
        "kind": SignalKind.DATA_QUALITY,
        "definition": (
            "Some labels in the training data are wrong: outcomes were recorded late, by different rules, "
            "or by people who disagree. The model learns these errors too."
        ),
        "signs": (
            "- Two annotators often disagree on the same case\n"
            "- The positive rate jumps when a labelling rule or vendor changes\n"
            "- The largest errors of the model are errors of the labels\n"
            "- Labels change for weeks after they are first recorded"
        ),
        "questions": (
            "- Who labels, by which written rule, and since when?\n"
            "- How large is the disagreement on a sample that is labelled twice?\n"
            "- Is the noise the same in every group of people?\n"
            "- After how long is a label final?"
        ),
        "mitigations": (
            "- Label a sample twice each month and publish the agreement rate\n"
            "- Wait for final labels, or model the delay\n"
            "- Review the cases in which model and label differ most\n"
            "- Give unreliable sources a lower weight, or drop them"
        ),
    },
    {
        "slug": "sampling-bias",
        "name": "Sampling bias",
        "kind": SignalKind.DATA_QUALITY,
        "definition": (
            "The training cases differ from the cases that the model decides: some people or situations "
            "are missing, or are included only because of an earlier decision."
        ),
        "signs": (
            "- Only accepted cases have an outcome\n"
            "- A region, channel or age group is rare in training and common in use\n"
            "- Results differ between a random sample and the collected one\n"
            "- The model performs well on past data and badly in a new market"
        ),
        "questions": (
            "- Who cannot be in the training data?\n"
            "- Which earlier decisions filtered the data?\n"
            "- How do the groups in training compare with the groups in use?\n"
            "- Is there a random sample for comparison, even a small one?"
        ),
        "mitigations": (
            "- Decide a small random share without the model, if that is acceptable\n"
            "- Collect data for small groups before you weight the existing data\n"
            "- Report results by group, with the number of cases\n"
            "- Document in the model's purpose for whom it must not be used"
        ),
    },
    {
        "slug": "feature-leakage",
        "name": "Feature leakage",
        "kind": SignalKind.PERFORMANCE,
        "definition": (
            "A feature contains information that is not available at the moment of the decision: the "
            "outcome itself, or a trace of it. Results are good in validation and bad in production."
        ),
        "signs": (
            "- One feature explains nearly everything\n"
            "- Results in validation are far better than in production\n"
            "- A feature is filled only after the outcome\n"
            "- The same person is in the training data and in the test data"
        ),
        "questions": (
            "- When exactly is each feature available?\n"
            "- Is the data split by time and by person?\n"
            "- How does the result change without the strongest feature?\n"
            "- Can an identifier or a free text contain the outcome?"
        ),
        "mitigations": (
            "- Compute features as of the moment of the decision, from a store with timestamps\n"
            "- Split by time, and keep each person in one part\n"
            "- First drop the feature and validate again\n"
            "- Have a person from another team review the features"
        ),
    },
)
