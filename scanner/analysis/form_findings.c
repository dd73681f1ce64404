#include "scanner/analysis/form_findings.h"

static const struct {
    unsigned forms;
    enum finding_code code;
    enum smtp_step step; /* whose reply shows it */
} findings_of_form[] = {
    {SMTP_KEYWORD_FORMS, FINDING_STARTTLS_KEYWORD_FORM, SMTP_STEP_EHLO},
    {1U << SMTP_FORM_MIXED_CODES | 1U << SMTP_FORM_MIXED_CLASSES | 1U << SMTP_FORM_NOT_250,
     FINDING_SMTP_EHLO_CODES, SMTP_STEP_EHLO},
    {1U << SMTP_FORM_HIDDEN_GREETING, FINDING_SMTP_HIDDEN_GREETING, SMTP_STEP_GREETING},
    {1U << SMTP_FORM_OWN_NAME, FINDING_SMTP_OWN_NAME, SMTP_STEP_EHLO},
};

#define FORM_FINDINGS (sizeof(findings_of_form) / sizeof(findings_of_form[0]))

/* "192.0.2.1 port 25: keyword_tab_after: 250-..." */
static void put_forms(struct buf *evidence, unsigned forms)
{
    for (unsigned f = 0; f < SMTP_FORM_COUNT; f++) {
        if ((forms >> f & 1U) != 0) {
            buf_putf(evidence, ": %s", smtp_form_word((enum smtp_form)f));
        }
    }
}

void findings_of_forms(const struct seen_smtp *smtp, const struct net_addr *address, uint16_t port,
                       struct findings *out)
{
    for (size_t i = 0; i < FORM_FINDINGS; i++) {
        unsigned forms = smtp->forms & findings_of_form[i].forms;
        if (forms != 0) {
            struct buf *evidence = findings_add_max(out, findings_of_form[i].code);
            evidence_put_address(evidence, address);
            buf_putf(evidence, " port %u", port);
            put_forms(evidence, forms);
            buf_put_text(evidence, ": ");
            evidence_put(evidence, smtp->reply[findings_of_form[i].step].text);
        }
    }
}
