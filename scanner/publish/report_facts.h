#pragma once

#include "scanner/survey/problem_survey.h"
#include "scanner/survey/survey_sheets.h"

/** What a report is about, beside its numbers. Texts are borrowed. */
struct report_facts {
    const char *list;    /* the input as the scan was given it, untrusted; NULL: standard input */
    const char *version; /* of the program that writes the report */
    const char *scanned_by;  /* of the one that scanned; NULL: not told */
    int64_t at;              /* judgement time, Unix seconds: days left are from here */
    int64_t started_unix_ms; /* RESULTS_TIME_UNKNOWN, as `at` and the next */
    int64_t ended_unix_ms;
    const char *incomplete; /* why, a sentence; NULL: complete */
    const char *shard;      /* result_shard_put(); empty: the lists whole */
    bool sample;
    uint16_t port; /* 0: several */
    const char *customer_column;
    const char *customer;           /* NULL: all */
    const char *affected_file;      /* the CSV beside it; NULL: none was written */
    bool output_is_written_through; /* the page goes into what is no regular file */
    const struct survey *survey;
    const struct problem_survey *problems;
    const struct sheets *sheets;
};

#define SENTENCES_MAX 6
/** What it means, in plain sentences, each with its figures. @return how many */
size_t report_sentences(const struct report_facts *f, struct buf sentences[SENTENCES_MAX]);

#define SHA256_DIGITS 64
#define SHORT_DIGITS  16 /* of a fingerprint that stands for a name */
/** What a person calls it; a fingerprint is cut. */
struct span cause_name(const struct cause_entry *c);

void report_put_html(struct buf *b, const struct report_facts *f);
void report_put_markdown(struct buf *b, const struct report_facts *f);
void report_put_latex(struct buf *b, const struct report_facts *f);
