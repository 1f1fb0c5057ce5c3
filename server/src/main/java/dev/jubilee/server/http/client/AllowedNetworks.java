package dev.jubilee.server.http.client;

import dev.jubilee.server.http.Network;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;

/**
 * Which addresses requests may go to: every public one, and those that lie in a network named.
 * Immutable and thread-safe.
 */
public final class AllowedNetworks {
    /** Networks without public addresses, by the IANA registries of special addresses. */
    private static final List<Network> SPECIAL =
            Network.list(
                    "0.0.0.0/8,10.0.0.0/8,100.64.0.0/10,127.0.0.0/8,169.254.0.0/16,172.16.0.0/12,"
                            + "192.0.0.0/24,192.0.2.0/24,192.88.99.0/24,192.168.0.0/16,198.18.0.0/15,"
                            + "198.51.100.0/24,203.0.113.0/24,224.0.0.0/3,"
                            + "::/96,64:ff9b:1::/48,100::/64,2001::/23,2001:db8::/32,3fff::/20,"
                            + "5f00::/16,fc00::/7,fe80::/10,fec0::/10,ff00::/8");

    private static final List<Network> EMBEDDING_IPV4 = Network.list("64:ff9b::/96,2002::/16");

    private final List<Network> allowed;

    private AllowedNetworks(List<Network> allowed) {
        this.allowed = allowed;
    }

    /** Public addresses alone. */
    public static AllowedNetworks publicOnly() {
        return new AllowedNetworks(List.of());
    }

    /**
     * Public addresses and these networks: {@code 127.0.0.0/8,::1/128}, or single addresses, with
     * commas between.
     *
     * @throws IllegalArgumentException if one is none
     */
    public static AllowedNetworks parse(String text) {
        return new AllowedNetworks(text.isBlank() ? List.of() : Network.list(text));
    }

    /** Whether a request may go there. */
    public boolean allows(InetAddress address) {
        byte[] bytes = address.getAddress();
        for (Network network : allowed) {
            if (network.contains(bytes)) {
                return true;
            }
        }
        for (Network network : SPECIAL) {
            if (network.contains(bytes)) {
                return false;
            }
        }
        return allowsEmbedded(bytes);
    }

    /** What a translator turns into an IPv4 address is judged as that one. */
    private boolean allowsEmbedded(byte[] bytes) {
        if (bytes.length != 16) {
            return true;
        }
        try {
            if (EMBEDDING_IPV4.get(0).contains(bytes)) {
                return allows(InetAddress.getByAddress(Arrays.copyOfRange(bytes, 12, 16)));
            }
            if (EMBEDDING_IPV4.get(1).contains(bytes)) {
                return allows(InetAddress.getByAddress(Arrays.copyOfRange(bytes, 2, 6)));
            }
        } catch (UnknownHostException e) {
            return false;
        }
        return true;
    }
}
