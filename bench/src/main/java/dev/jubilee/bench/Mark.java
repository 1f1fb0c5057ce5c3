package dev.jubilee.bench;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.util.Arrays;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * What an event of a load carries in its payload, so that whoever receives it knows which it is and
 * when it was due to be sent. The text has always the same length.
 *
 * @param phase of the load
 * @param key whose event it is
 * @param number which of the key's, from 0
 * @param at when it was due, by {@link System#nanoTime} of this program
 */
record Mark(int phase, int key, int number, long at) {
    private static final byte[] FIELD = "\"mark\":\"".getBytes(US_ASCII);
    private static final int PHASE = 2;
    private static final int KEY = PHASE + 5;
    private static final int NUMBER = KEY + 9;

    /** Characters of the text. */
    static final int LENGTH = NUMBER + 16;

    private static final int WHOLE = FIELD.length + LENGTH;

    /** As it stands in the field {@code mark}. */
    String text() {
        byte[] text = new byte[LENGTH];
        write(text, 0);
        return new String(text, US_ASCII);
    }

    /** Writes the text into a larger one. */
    void write(byte[] into, int from) {
        digits(phase, 10, into, from, from + PHASE);
        digits(key, 10, into, from + PHASE, from + KEY);
        digits(number, 10, into, from + KEY, from + NUMBER);
        digits(at, 16, into, from + NUMBER, from + LENGTH);
    }

    private static void digits(long value, int radix, byte[] into, int from, int to) {
        long rest = value;
        for (int i = to - 1; i >= from; i--) {
            into[i] = (byte) Character.forDigit((int) Long.remainderUnsigned(rest, radix), radix);
            rest = Long.divideUnsigned(rest, radix);
        }
    }

    /** The mark written so; empty when it is none. */
    static Optional<Mark> of(String text) {
        try {
            return Optional.of(
                    new Mark(
                            Integer.parseInt(text.substring(0, PHASE)),
                            Integer.parseInt(text.substring(PHASE, KEY)),
                            Integer.parseInt(text.substring(KEY, NUMBER)),
                            Long.parseUnsignedLong(text.substring(NUMBER, LENGTH), 16)));
        } catch (NumberFormatException | IndexOutOfBoundsException e) {
            return Optional.empty();
        }
    }

    /** Finds every mark in a text that is all there. */
    static void find(byte[] text, Consumer<Mark> into) {
        new Finder().read(text, into);
    }

    /**
     * Finds marks in a text that comes in pieces, wherever it was cut, without reading its JSON: a
     * receiver must cost little beside what it measures. Not thread-safe.
     */
    static final class Finder {
        private byte[] rest = {};

        /** Hands over each mark that ends in this piece. */
        void read(byte[] piece, Consumer<Mark> into) {
            byte[] text = piece;
            if (rest.length > 0) {
                text = Arrays.copyOf(rest, rest.length + piece.length);
                System.arraycopy(piece, 0, text, rest.length, piece.length);
            }
            int done = 0;
            for (int i = 0; i + WHOLE <= text.length; i++) {
                if (isField(text, i)) {
                    of(new String(text, i + FIELD.length, LENGTH, US_ASCII)).ifPresent(into);
                    i += WHOLE - 1;
                    done = i + 1;
                }
            }
            rest = Arrays.copyOfRange(text, Math.max(done, text.length - WHOLE + 1), text.length);
        }

        private static boolean isField(byte[] text, int from) {
            for (int i = 0; i < FIELD.length; i++) {
                if (text[from + i] != FIELD[i]) {
                    return false;
                }
            }
            return true;
        }
    }
}
