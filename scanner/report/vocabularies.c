#include "scanner/report/vocabularies.h"

#include "scanner/analysis/dane_domain.h"
#include "scanner/analysis/deliveries.h"
#include "scanner/analysis/parity.h"
#include "scanner/analysis/policy_stage.h"
#include "scanner/analysis/problem_rules.h"
#include "scanner/analysis/sts_readiness.h"
#include "scanner/analysis/will_break.h"
#include "scanner/dane/dane.h"
#include "scanner/domain/domain_name.h"
#include "scanner/domain/domain_source.h"
#include "scanner/observation/seen_issuer.h"
#include "scanner/trust/chain_judge.h"
#include "scanner/trust/issuer_answer.h"

const struct vocabulary *const row_vocabularies[] = {
    /* clang-format off */
    &outcome_vocabulary,
    &starttls_vocabulary,
    &smtp_quirk_vocabulary,
    &smtp_form_vocabulary,
    &cipher_end_vocabulary,
    &cipher_order_vocabulary,
    &not_tested_vocabulary,
    &name_fault_vocabulary,
    &source_fault_vocabulary,
    &dns_state_vocabulary,
    &mx_name_kind_vocabulary,
    &mx_kind_vocabulary,
    &basis_vocabulary,
    &group_state_vocabulary,
    &account_class_vocabulary,
    &chain_status_vocabulary,
    &issuer_refusal_vocabulary,
    &issuer_answer_vocabulary,
    &cert_role_vocabulary,
    &path_fault_vocabulary,
    &operator_source_vocabulary,
    &name_match_vocabulary,
    &sni_class_vocabulary,
    &sni_acceptable_vocabulary,
    &rollup_vocabulary,
    &parity_vocabulary,
    &dnssec_state_vocabulary,
    &dane_host_vocabulary,
    &tlsa_place_vocabulary,
    &dane_status_vocabulary,
    &dane_domain_vocabulary,
    &tlsa_fault_vocabulary,
    &dane_ta_fault_vocabulary,
    &policy_fetch_vocabulary,
    &policy_stage_vocabulary,
    &media_type_vocabulary,
    &sts_state_vocabulary,
    &sts_mode_vocabulary,
    &sts_mismatch_vocabulary,
    &sts_policy_fault_vocabulary,
    &delivery_vocabulary,
    &delivery_reason_vocabulary,
    &field_mark_vocabulary,
    &readiness_item_vocabulary,
    &readiness_vocabulary,
    &effect_vocabulary,
    &cause_kind_vocabulary,
    &break_kind_vocabulary,
    /* clang-format on */
};

const unsigned row_vocabulary_count = sizeof(row_vocabularies) / sizeof(row_vocabularies[0]);
