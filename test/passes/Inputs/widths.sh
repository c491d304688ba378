# usage: widths.sh SHARED MODEL OUT: results of the calibrated network (OUT.c.npy), of allocated
# widths (OUT.a.npy) and of 4 bits for all (OUT.u.npy) on the MNIST test images.
set -e
train="$1/data/mnist/train-images-idx3-ubyte.gz"
sfc import "$2" -o "$3.sf"
sf-opt "$3.sf" --passes=calibrate --calib "$train" --calib-samples 256 -o "$3.c.sf"
sf-opt "$3.c.sf" --passes='allocate-bits{budget=4b},quantize' --calib "$train" --calib-samples 256 -o "$3.a.sf"
sf-opt "$3.c.sf" --passes='quantize{bits=4}' --calib "$train" --calib-samples 256 -o "$3.u.sf"
for form in c a u; do
  sfc run "$3.$form.sf" --input "$1/data/mnist/t10k-images-idx3-ubyte.gz" -o "$3.$form.npy"
done
