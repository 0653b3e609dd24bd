"""Three small files in place of the published ones."""

CONTENTS = {
    "ptb.train.txt": b" the <unk> of N \\/ \n no. N 's \n",
    "ptb.valid.txt": b" a-b c \n",
    "ptb.test.txt": b" N $ \n & <unk> * \n # \n",
}

TRAIN = "ptb.train.txt"
