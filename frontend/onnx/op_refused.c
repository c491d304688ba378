/* op_refused.c - operators that are known and refused on streams, each with
 * what would help. */
#include "frontend/onnx/onnx.h"

#define REFUSED(NAME, NOTE)                                                    \
  {"", NAME, 1, ONNX_OPSET_NEWEST, ONNX_NEVER, NULL, NOTE}

#define PERIODIC "compute it outside: no target shares a periodic function"
#define OUTSIDE  "compute it outside the network"
#define RANDOM   "export the model in evaluation mode"
#define SEQUENCE "export the model with tensors instead of sequences"
#define TRAINING "export the model without its loss"
#define IMAGE    "resize or crop the image before the network"

const onnx_operator sf_onnx_refused_rows[] = {
    REFUSED("Acos", PERIODIC),
    REFUSED("Acosh", OUTSIDE),
    REFUSED("AffineGrid", IMAGE),
    REFUSED("Asin", PERIODIC),
    REFUSED("Asinh", OUTSIDE),
    REFUSED("Atan", PERIODIC),
    REFUSED("Atanh", OUTSIDE),
    REFUSED("Bernoulli", RANDOM),
    REFUSED("BitShift", OUTSIDE),
    REFUSED("BlackmanWindow", OUTSIDE),
    REFUSED("CenterCropPad", IMAGE),
    REFUSED("Col2Im", "export ConvTranspose instead"),
    REFUSED("Compress", "use constant indices (Gather)"),
    REFUSED("ConcatFromSequence", SEQUENCE),
    REFUSED("Cosh", OUTSIDE),
    REFUSED("DFT", OUTSIDE),
    REFUSED("DeformConv", "use Conv: the offsets depend on the data"),
    REFUSED("Det", OUTSIDE),
    REFUSED("EyeLike", "use a constant"),
    REFUSED("GlobalLpPool", "use a mean or a maximum"),
    REFUSED("GridSample", IMAGE),
    REFUSED("HammingWindow", OUTSIDE),
    REFUSED("HannWindow", OUTSIDE),
    REFUSED("Hardmax", "take the ArgMax of the network's output"),
    REFUSED("ImageDecoder", OUTSIDE),
    REFUSED("LpPool", "use a mean or a maximum"),
    REFUSED("MaxRoiPool", OUTSIDE),
    REFUSED("MaxUnpool", "use Resize or ConvTranspose"),
    REFUSED("MelWeightMatrix", OUTSIDE),
    REFUSED("Multinomial", RANDOM),
    REFUSED("NegativeLogLikelihoodLoss", TRAINING),
    REFUSED("NonMaxSuppression", "do it outside: boxes depend on the data"),
    REFUSED("OneHot", "compare with a constant (Equal)"),
    REFUSED("Optional", SEQUENCE),
    REFUSED("OptionalGetElement", SEQUENCE),
    REFUSED("OptionalHasElement", SEQUENCE),
    REFUSED("RandomNormal", RANDOM),
    REFUSED("RandomNormalLike", RANDOM),
    REFUSED("RandomUniform", RANDOM),
    REFUSED("RandomUniformLike", RANDOM),
    REFUSED("RegexFullMatch", OUTSIDE),
    REFUSED("ReverseSequence", "use Slice with a step of -1"),
    REFUSED("RoiAlign", OUTSIDE),
    REFUSED("STFT", OUTSIDE),
    REFUSED("Scatter", "use Concat and Slice"),
    REFUSED("ScatterElements", "use Concat and Slice"),
    REFUSED("ScatterND", "use Concat and Slice"),
    REFUSED("SequenceAt", SEQUENCE),
    REFUSED("SequenceConstruct", SEQUENCE),
    REFUSED("SequenceEmpty", SEQUENCE),
    REFUSED("SequenceErase", SEQUENCE),
    REFUSED("SequenceInsert", SEQUENCE),
    REFUSED("SequenceLength", SEQUENCE),
    REFUSED("SequenceMap", SEQUENCE),
    REFUSED("Sinh", OUTSIDE),
    REFUSED("SoftmaxCrossEntropyLoss", TRAINING),
    REFUSED("SplitToSequence", "use Split"),
    REFUSED("StringConcat", OUTSIDE),
    REFUSED("StringNormalizer", OUTSIDE),
    REFUSED("StringSplit", OUTSIDE),
    REFUSED("TfIdfVectorizer", OUTSIDE),
    REFUSED("TopK", "take it of the network's output, outside"),
    REFUSED("Unique", OUTSIDE),
    {0}};
