#include "scanner/base/check.h"
#include "scanner/trust/chain_judge.h"

const struct vocabulary path_fault_vocabulary = VOCABULARY_OF(
    PATH_FAULTS, "path_fault", "fault", "What is wrong with a certificate of a path.");
