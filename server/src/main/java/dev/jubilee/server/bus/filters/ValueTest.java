package dev.jubilee.server.bus.filters;

import dev.jubilee.server.json.Numbers;
import java.math.BigDecimal;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** One test of one value; a list of them is met when any is. */
sealed interface ValueTest {
    /** Whether a single value passes; null is a field that is not there. */
    boolean passes(@Nullable JsonNode value);

    /** As a person reads it. */
    String text();

    /** The same JSON value; numbers by what they are worth, so 5 is 5.0. */
    record Exactly(JsonNode wanted) implements ValueTest {
        @Override
        public boolean passes(@Nullable JsonNode value) {
            if (value == null) {
                return false;
            }
            return (wanted.isNumber() && value.isNumber())
                    ? Numbers.same(wanted, value)
                    : wanted.equals(value);
        }

        @Override
        public String text() {
            return wanted.toString();
        }
    }

    record Prefix(String wanted) implements ValueTest {
        @Override
        public boolean passes(@Nullable JsonNode value) {
            return value != null && value.isString() && value.stringValue().startsWith(wanted);
        }

        @Override
        public String text() {
            return "text that begins with \"" + wanted + "\"";
        }
    }

    record Suffix(String wanted) implements ValueTest {
        @Override
        public boolean passes(@Nullable JsonNode value) {
            return value != null && value.isString() && value.stringValue().endsWith(wanted);
        }

        @Override
        public String text() {
            return "text that ends with \"" + wanted + "\"";
        }
    }

    /** The same text in any case. */
    record IgnoringCase(String wanted) implements ValueTest {
        @Override
        public boolean passes(@Nullable JsonNode value) {
            return value != null
                    && value.isString()
                    && value.stringValue()
                            .toLowerCase(Locale.ROOT)
                            .equals(wanted.toLowerCase(Locale.ROOT));
        }

        @Override
        public String text() {
            return "\"" + wanted + "\" in any case";
        }
    }

    /**
     * Text with anything at the stars.
     *
     * @param wanted as it was written
     * @param parts what stands before, between and behind the stars, at least two
     */
    record Wildcard(String wanted, List<String> parts) implements ValueTest {
        /**
         * Reads a text in which {@code *} is any number of characters; {@code \\*} and {@code \\\\}
         * stand for themselves.
         *
         * @throws IllegalArgumentException if it is none
         */
        static ValueTest of(String text) {
            List<String> parts = new ArrayList<>();
            StringBuilder part = new StringBuilder();
            for (int i = 0; i < text.length(); i++) {
                char c = text.charAt(i);
                if (c == '*') {
                    if (part.isEmpty() && !parts.isEmpty()) {
                        throw new IllegalArgumentException("must not have two stars together");
                    }
                    parts.add(part.toString());
                    part.setLength(0);
                } else if (c == '\\') {
                    i++;
                    if (i == text.length() || (text.charAt(i) != '*' && text.charAt(i) != '\\')) {
                        throw new IllegalArgumentException("may escape only * and \\");
                    }
                    part.append(text.charAt(i));
                } else {
                    part.append(c);
                }
            }
            parts.add(part.toString());
            return new Wildcard(text, List.copyOf(parts));
        }

        @Override
        public boolean passes(@Nullable JsonNode value) {
            return value != null && value.isString() && matches(value.stringValue());
        }

        /** In one pass: each part as early as it can be, the last at the end. */
        private boolean matches(String text) {
            String last = parts.getLast();
            if (parts.size() == 1) {
                return text.equals(last);
            }
            int at = parts.getFirst().length();
            int end = text.length() - last.length();
            if (!text.startsWith(parts.getFirst()) || at > end || !text.endsWith(last)) {
                return false;
            }
            for (String part : parts.subList(1, parts.size() - 1)) {
                int found = text.indexOf(part, at);
                if (found < 0 || found + part.length() > end) {
                    return false;
                }
                at = found + part.length();
            }
            return true;
        }

        @Override
        public String text() {
            return "text like \"" + wanted + "\"";
        }
    }

    /** The text of an IP address within a network. */
    record Cidr(String wanted, InetAddress network, int bits) implements ValueTest {
        private static final Pattern IPV4 = Pattern.compile("[0-9]{1,3}(\\.[0-9]{1,3}){3}");

        /**
         * Reads an address and the number of leading bits that count, such as {@code 10.0.0.0/8}.
         *
         * @throws IllegalArgumentException if it is none
         */
        static ValueTest of(String text) {
            int slash = text.indexOf('/');
            InetAddress network = slash < 0 ? null : address(text.substring(0, slash));
            String length = text.substring(slash + 1);
            if (network == null || !length.matches("[0-9]{1,3}")) {
                throw new IllegalArgumentException(
                        "must be a network like 10.0.0.0/8 or 2001:db8::/32");
            }
            int bits = Integer.parseInt(length);
            int most = 8 * network.getAddress().length;
            if (bits > most) {
                throw new IllegalArgumentException("has at most " + most + " bits");
            }
            return new Cidr(text, network, bits);
        }

        private static @Nullable InetAddress address(String text) {
            boolean literal =
                    IPV4.matcher(text).matches() || (text.contains(":") && !text.contains("%"));
            try {
                return literal ? InetAddress.ofLiteral(text) : null;
            } catch (IllegalArgumentException e) {
                return null;
            }
        }

        @Override
        public boolean passes(@Nullable JsonNode value) {
            InetAddress given =
                    value == null || !value.isString() ? null : address(value.stringValue());
            return given != null && isWithin(given.getAddress(), network.getAddress());
        }

        private boolean isWithin(byte[] given, byte[] of) {
            if (given.length != of.length) {
                return false;
            }
            for (int i = 0; i < bits; i++) {
                int mask = 0x80 >> i % 8;
                if ((given[i / 8] & mask) != (of[i / 8] & mask)) {
                    return false;
                }
            }
            return true;
        }

        @Override
        public String text() {
            return "an IP address within " + wanted;
        }
    }

    /** One side of a range: {@code > 5}. */
    record Bound(String operator, BigDecimal limit) {
        boolean holds(BigDecimal value) {
            int order = value.compareTo(limit);
            return switch (operator) {
                case "<" -> order < 0;
                case "<=" -> order <= 0;
                case ">" -> order > 0;
                case ">=" -> order >= 0;
                default -> order == 0;
            };
        }
    }

    /** A number within all the bounds. */
    record Numeric(List<Bound> bounds) implements ValueTest {
        @Override
        public boolean passes(@Nullable JsonNode value) {
            if (value == null || !value.isNumber()) {
                return false;
            }
            BigDecimal number = Numbers.worth(value);
            if (number == null) {
                return false;
            }
            for (Bound bound : bounds) {
                if (!bound.holds(number)) {
                    return false;
                }
            }
            return true;
        }

        @Override
        public String text() {
            StringBuilder text = new StringBuilder("a number");
            for (Bound bound : bounds) {
                text.append(' ').append(bound.operator()).append(' ').append(bound.limit());
            }
            return text.toString();
        }
    }

    /** A value that is there and passes none of these. */
    record AnythingBut(List<ValueTest> unwanted) implements ValueTest {
        @Override
        public boolean passes(@Nullable JsonNode value) {
            if (value == null) {
                return false;
            }
            for (ValueTest one : unwanted) {
                if (one.passes(value)) {
                    return false;
                }
            }
            return true;
        }

        @Override
        public String text() {
            return "anything but "
                    + String.join(", ", unwanted.stream().map(ValueTest::text).toList());
        }
    }

    /** Whether the field is there at all; null counts as there. */
    record Exists(boolean wanted) implements ValueTest {
        @Override
        public boolean passes(@Nullable JsonNode value) {
            return (value != null) == wanted;
        }

        @Override
        public String text() {
            return wanted ? "a field that is there" : "a field that is not there";
        }
    }
}
