#pragma once

#include "scanner/base/span.h"

/** scanner/publish/report.css as it was when the program was built. Lives as long as it. */
struct span shipped_report_style(void);
