#include "scanner/analysis/catalogue.h"

#include <string.h>

#include "scanner/base/check.h"

static const struct finding_info infos[FINDING_COUNT] = {
#define FINDING(name, code, severity, scope, symptom, cause, fix, rfc, tls_rpt) \
    [FINDING_##                                                                 \
        name] = {code, SEVERITY_##severity, SCOPE_##scope, symptom, cause, fix, rfc, tls_rpt},
#include "scanner/analysis/catalogue.def"
#undef FINDING
};

const struct finding_info *finding_info(enum finding_code code)
{
    CHECK((unsigned)code < FINDING_COUNT);
    return &infos[code];
}

bool finding_is_volatile(enum finding_code code)
{
    return code == FINDING_SMTP_SLOW_GREETING || code == FINDING_SMTP_UNSTABLE ||
           code == FINDING_SNI_UNSTABLE;
}

size_t finding_area_len(const char *code)
{
    return strcspn(code, ".");
}

bool finding_code_find(const char *code, enum finding_code *out)
{
    for (unsigned i = 0; i < FINDING_COUNT; i++) {
        if (strcmp(infos[i].code, code) == 0) {
            *out = (enum finding_code)i;
            return true;
        }
    }
    return false;
}

const struct vocabulary severity_vocabulary = VOCABULARY_WORDS(SEVERITIES);

const struct vocabulary finding_scope_vocabulary = VOCABULARY_WORDS(FINDING_SCOPES);
