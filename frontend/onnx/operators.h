/* operators.h - the table of operators, for the public interface. */
#ifndef SF_ONNX_OPERATORS_H
#define SF_ONNX_OPERATORS_H

#include "frontend/onnx/onnx.h"

const char *sf_onnx_mapping_text(onnx_mapping mapping); /* "linear" */
/* Row `index` of the table, sorted; false: there are no more. */
bool sf_onnx_operator_at(size_t index, sf_operator_info *out);

#endif
