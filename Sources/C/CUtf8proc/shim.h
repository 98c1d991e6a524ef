// utf8proc: Unicode normalization (UAX #15).
#pragma once
#include <utf8proc.h>
