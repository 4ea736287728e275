"""The categories that every register starts with. The first of each signal kind is its default category.

Signs, questions and mitigations are Markdown lists. Users can change these categories like any others.
"""

from signals.states import SignalKind

FIRST: tuple[dict[str, str], ...] = (
    {
        "slug": "data-drift",
        "name": "Data drift",
        "kind": SignalKind.DRIFT,
        "definition": (
            "What comes in no longer looks like what the model learned from: the distribution of one "
            "or more features, or of the scores themselves, has moved. The model still answers, and "
            "nobody has told it that the world changed."
        ),
        "signs": (
            "- Population stability index or a distance between distributions rises over several "
            "windows\n"
            "- The share of one category, region or channel shifts\n"
            "- Scores pile up at one end, or the approval rate moves without a change of policy\n"
            "- A new value appears that training never saw"
        ),
        "questions": (
            "- Which features moved, and do they matter much to the score?\n"
            "- Did the world change, or did the pipeline?\n"
            "- Is the move the same in every segment?\n"
            "- Do labels that arrived since then show worse results, or only different inputs?"
        ),
        "mitigations": (
            "- Fix the pipeline first where it is the cause\n"
            "- Retrain on a window that has seen the change, with a challenger beside it\n"
            "- Route the segment that moved to review by people until then\n"
            "- Agree a threshold on the features that matter, and retire those that cry wolf"
        ),
    },
    {
        "slug": "broken-data",
        "name": "Broken or missing data",
        "kind": SignalKind.DATA_QUALITY,
        "definition": (
            "Values are absent, out of range, duplicated or in the wrong unit or shape by the time "
            "the model reads them. Unlike drift, the world is as it was; the record of it is damaged."
        ),
        "signs": (
            "- The share of nulls or defaults jumps for one feature\n"
            "- Row counts fall or double from one load to the next\n"
            "- A join finds far fewer partners than the day before\n"
            "- Units or encodings change after a release upstream"
        ),
        "questions": (
            "- Since which load, and what was released upstream in the day before?\n"
            "- What does the model do with the missing value: a default, a mean, a refusal?\n"
            "- Which decisions were taken on damaged rows, and can they be found again?\n"
            "- Who owns the data set, and did a check there see it?"
        ),
        "mitigations": (
            "- Stop the load and serve the last good one where that is safer\n"
            "- A data contract with the producer, checked at the border\n"
            "- Backfill, then score again what was decided on damaged rows\n"
            "- A check before training and before serving, not after"
        ),
    },
    {
        "slug": "data-latency",
        "name": "Data latency",
        "kind": SignalKind.LATENCY,
        "definition": (
            "Features, labels or answers arrive later than the decision needs them. The model then "
            "works with yesterday's picture, or the caller stops waiting and falls back to something "
            "nobody validated."
        ),
        "signs": (
            "- The age of the newest record at scoring time grows\n"
            "- Response times at p95 or p99 climb while the median stays\n"
            "- Time-outs and fall-back answers become more frequent\n"
            "- Ingestion windows end later, often on one weekday"
        ),
        "questions": (
            "- How stale may this feature be before a decision changes?\n"
            "- Is it one source, one window, one hour of the day?\n"
            "- What does the caller do when no answer comes in time?\n"
            "- Was the model evaluated on data as old as it now gets?"
        ),
        "mitigations": (
            "- Carry the age of a feature along and refuse above a limit\n"
            "- A fall-back that was validated, and a count of how often it is used\n"
            "- Move the load, or split what is slow from what is needed\n"
            "- Evaluate with the delays of production, not with complete data"
        ),
    },
    {
        "slug": "performance-decay",
        "name": "Performance decay",
        "kind": SignalKind.PERFORMANCE,
        "definition": (
            "Once the outcomes are known, the model is worse than it was at validation: in ranking, "
            "in calibration, or for one group of people more than for others."
        ),
        "signs": (
            "- AUC, recall or error moves away from the validated range\n"
            "- Predicted and observed rates part\n"
            "- Overrides by people become more frequent\n"
            "- One segment falls while the total looks steady"
        ),
        "questions": (
            "- Ranking or calibration: which of the two decays?\n"
            "- Which segments carry it, and how many people are in them?\n"
            "- Are the labels complete, or only early ones?\n"
            "- Would the version before have done better on the same cases?"
        ),
        "mitigations": (
            "- Recalibrate where the ranking still holds\n"
            "- Retrain or go back to the version before, by the agreed procedure\n"
            "- Narrow the use to where it is validated\n"
            "- Tell those who act on the score what it is worth now"
        ),
    },
    {
        "slug": "deployment",
        "name": "Deployment and rollback",
        "kind": SignalKind.DEPLOYMENT,
        "definition": (
            "What runs is not what was approved, or cannot be taken back in time: a wrong artefact, a"
            " configuration that differs between stages, a rollback nobody has rehearsed."
        ),
        "signs": (
            "- The version that answers is not the one in the registry\n"
            "- Training and serving compute a feature differently\n"
            "- A release outside its window, or without sign-off\n"
            "- Errors rise in the hour after a release"
        ),
        "questions": (
            "- Which version answered which request, and can that be shown?\n"
            "- How long does the way back take, and who did it last?\n"
            "- What else changed in the same window?\n"
            "- Who signs off, and were they asked?"
        ),
        "mitigations": (
            "- Go back first, look for the cause afterwards\n"
            "- Shadow or canary before the full release\n"
            "- One build that moves through all stages unchanged\n"
            "- Rehearse the rollback and write down the date"
        ),
    },
    {
        "slug": "label-noise",
        "name": "Label noise",
        "kind": SignalKind.DATA_QUALITY,
        "definition": (
            "The truth the model learns from is partly wrong: outcomes recorded late, by different "
            "rules, or by people who disagree. The model then learns the mistakes as faithfully as "
            "the rest."
        ),
        "signs": (
            "- Two annotators often disagree on the same case\n"
            "- The positive rate jumps when a labelling rule or vendor changes\n"
            "- The worst errors of the model turn out to be errors of the label\n"
            "- Labels change for weeks after they were first recorded"
        ),
        "questions": (
            "- Who labels, by which written rule, and since when?\n"
            "- How large is the disagreement, measured on a sample labelled twice?\n"
            "- Is the noise the same in every group of people?\n"
            "- How long until a label is final?"
        ),
        "mitigations": (
            "- Label a sample twice each month and publish the agreement\n"
            "- Wait for labels to settle, or model the delay\n"
            "- Review the cases on which model and label differ most\n"
            "- Weigh or drop sources that are known to be unreliable"
        ),
    },
    {
        "slug": "sampling-bias",
        "name": "Sampling bias",
        "kind": SignalKind.DATA_QUALITY,
        "definition": (
            "The cases the model learned from are not the cases it decides: some people or situations"
            " were left out, or show up only because an earlier decision let them in."
        ),
        "signs": (
            "- Only accepted cases have an outcome\n"
            "- A region, channel or age group is rare in training and common in use\n"
            "- Results differ between a random sample and the collected one\n"
            "- The model does well on the past and badly on a new market"
        ),
        "questions": (
            "- Who could never have come into the training data?\n"
            "- Which earlier decision filtered it?\n"
            "- How do the groups in training compare with the groups served?\n"
            "- Is there a random sample, however small, to compare with?"
        ),
        "mitigations": (
            "- Keep a small random share out of the model's decision, where that is acceptable\n"
            "- Collect where data is thin, before weighing what there is\n"
            "- Report results by group, with the number of cases\n"
            "- State in the model's purpose whom it is not for"
        ),
    },
    {
        "slug": "feature-leakage",
        "name": "Feature leakage",
        "kind": SignalKind.PERFORMANCE,
        "definition": (
            "A feature tells the model something it will not know at the moment of decision: the "
            "outcome itself, or a trace of it. Validation looks splendid, and production does not."
        ),
        "signs": (
            "- One feature explains nearly everything\n"
            "- Results in validation are far better than in production\n"
            "- A feature is filled only after the outcome\n"
            "- The same person stands in training and in test"
        ),
        "questions": (
            "- At what moment is each feature known, to the minute?\n"
            "- Is the split by time and by person?\n"
            "- What happens to the result without the strongest feature?\n"
            "- Could an identifier or a free text carry the answer?"
        ),
        "mitigations": (
            "- Build features as of the moment of decision, from a store that keeps time\n"
            "- Split by time, and keep a person on one side\n"
            "- Drop the feature and validate again before anything else\n"
            "- A review of features by somebody from another team"
        ),
    },
)
