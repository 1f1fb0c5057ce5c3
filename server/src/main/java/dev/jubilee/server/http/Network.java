package dev.jubilee.server.http;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A range of IP addresses, as RFC 4632 and RFC 4291 write it: {@code 10.0.0.0/8}, {@code fd00::/8},
 * or a single address.
 *
 * @param bits how many of the address's first bits are the same in all of them
 */
@SuppressWarnings("ArrayRecordComponent") // compared by its content, and changed by nobody
public record Network(byte[] address, int bits) {
    /**
     * Several, with commas between.
     *
     * @throws IllegalArgumentException if one is none
     */
    public static List<Network> list(String text) {
        List<Network> networks = new ArrayList<>();
        for (String one : text.split(",", -1)) {
            networks.add(of(one.strip()));
        }
        return List.copyOf(networks);
    }

    private static Network of(String text) {
        int slash = text.indexOf('/');
        String host = slash < 0 ? text : text.substring(0, slash);
        try {
            byte[] address = literal(host);
            int most = address.length * Byte.SIZE;
            int bits = slash < 0 ? most : Integer.parseInt(text.substring(slash + 1));
            if (bits >= 0 && bits <= most) {
                return new Network(address, bits);
            }
        } catch (NumberFormatException e) {
            // Refused below, like a number out of bounds.
        }
        throw new IllegalArgumentException(
                "a network is like 10.0.0.0/8 or fd00::/8, was \"" + text + "\"");
    }

    private static byte[] literal(String host) {
        try {
            InetAddress address = InetAddress.ofLiteral(host);
            if (address instanceof Inet6Address six && six.getScopeId() != 0) {
                throw new IllegalArgumentException("an address without a scope is expected");
            }
            return address.getAddress();
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "a network is like 10.0.0.0/8 or fd00::/8, was \"" + host + "\"", e);
        }
    }

    /** Whether the address, as {@link InetAddress#getAddress} gives it, is one of them. */
    public boolean contains(byte[] other) {
        if (other.length != address.length) {
            return false;
        }
        for (int i = 0; i < bits; i++) {
            int mask = 0x80 >> (i % 8);
            if ((address[i / 8] & mask) != (other[i / 8] & mask)) {
                return false;
            }
        }
        return true;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Network that
                && bits == that.bits
                && Arrays.equals(address, that.address);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(address) + bits;
    }
}
