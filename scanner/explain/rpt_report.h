#pragma once

#include "scanner/base/buf.h"
#include "scanner/explain/terms.h"

/**
 * A report of TLS-RPT, RFC 8460 section 4: what one sender met in a day. It comes by mail or HTTPS from anybody: every
 * text in it is foreign, and so is every number.
 */

/* Our own bounds; RFC 8460 section 5.2 speaks of reports of 10 MB. */
#define RPT_OCTETS_MAX   (10U << 20)
#define RPT_DEPTH_MAX    16     /* objects and lists in each other; the form has 5 */
#define RPT_VALUES_MAX   300000 /* in one report */
#define RPT_POLICIES_MAX 1000
#define RPT_FAILURES_MAX 10000 /* of one policy */
#define RPT_TEXT_MAX     255   /* octets of a text that are kept */

/** RFC 8460 section 4.4. */
#define RPT_POLICY_TYPES(X)                            \
    X(RPT_POLICY_STS, "sts", "MTA-STS")                \
    X(RPT_POLICY_TLSA, "tlsa", "DANE")                 \
    X(RPT_POLICY_NONE, "no-policy-found", "no policy") \
    X(RPT_POLICY_OTHER, "other", "a policy of a type that RFC 8460 does not define")

enum rpt_policy_type {
    RPT_POLICY_TYPES(ENUMERATOR) RPT_POLICY_TYPE_COUNT
};

VOCABULARY(rpt_policy_type, enum rpt_policy_type);

/** What the failure-details of a policy add up to, against its total-failure-session-count. */
#define RPT_DETAILS(X)                                                                           \
    X(RPT_DETAILS_AGREE, "agree", "they add up to the total")                                    \
    X(RPT_DETAILS_LACK, "lack",                                                                  \
      "they add up to less than the total: of the other failures nothing is known")              \
    X(RPT_DETAILS_OVERLAP, "overlap",                                                            \
      "they add up to more than the total, as where one session met several failures (RFC 8460 " \
      "section 4)")                                                                              \
    X(RPT_DETAILS_CONTRADICT, "contradict",                                                      \
      "one of them has more sessions than the total: the report contradicts itself, so that "    \
      "neither count can be relied on")

enum rpt_details {
    RPT_DETAILS(ENUMERATOR) RPT_DETAILS_COUNT
};

VOCABULARY(rpt_details, enum rpt_details);

#define RPT_RESULT_UNKNOWN RESULT_TYPE_COUNT /* a type that the RFC does not define */

/** Texts are "" where there is none. */
struct rpt_failure {
    unsigned result; /* enum result_type, or RPT_RESULT_UNKNOWN */
    const char *result_text;
    const char *sending_ip;
    const char *mx_host;
    const char *receiving_ip;
    const char *reason; /* failure-reason-code */
    uint64_t sessions;
};

struct rpt_policy {
    enum rpt_policy_type type;
    const char *domain;
    const char *mode; /* of MTA-STS, from the policy's text */
    uint64_t succeeded;
    uint64_t failed;
    const struct rpt_failure *failures;
    size_t failure_count;
    enum rpt_details details;
};

/** Texts live as long as the report. */
struct rpt_report {
    const char *organization;
    const char *report_id;
    const char *begin, *end; /* of the time it is about */
    const struct rpt_policy *policies;
    size_t policy_count;
};

/** Does it begin like one? The octets may be cut. */
bool rpt_report_is_likely(struct span octets);
/** Is it a mail with a report (RFC 8460 section 5.3)? Its attachment has to be taken out first. */
bool rpt_mail_is_likely(struct span octets);
/** @param origin its name in faults. @return NULL with one line in `why` */
struct rpt_report *rpt_report_read(struct span json, const char *origin, struct buf *why);
void rpt_report_free(struct rpt_report *r);
