#include "scanner/base/check.h"
#include "scanner/trust/chain_judge.h"

const char *path_fault_word(enum path_fault f)
{
    switch (f) {
#define X(name, word)       \
    case PATH_FAULT_##name: \
        return word;
        PATH_FAULTS(X)
#undef X
    }
    UNREACHABLE("unknown path_fault");
}
