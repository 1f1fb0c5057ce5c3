package dev.jubilee.server.http;

import dev.jubilee.server.config.SettingsReader;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Proxies whose word counts about who calls, in {@code X-Forwarded-For}. Each appends the address
 * that called it, so the list is read from its end for as long as those who wrote it are trusted:
 * what a caller put there itself is never believed.
 */
public record TrustedProxies(List<Network> networks) {
    /** No proxy is trusted. */
    public static final TrustedProxies NONE = new TrustedProxies(List.of());

    private static final int IPV6_BYTES = 16;
    private static final int NETWORK_BYTES = 8;
    private static final String SETTING = "SERVER_TRUSTED_PROXIES";

    public TrustedProxies {
        networks = List.copyOf(networks);
    }

    /** Reads {@code SERVER_TRUSTED_PROXIES}: networks, with commas between. */
    public static TrustedProxies from(SettingsReader in) {
        String given = in.optionalText(SETTING);
        if (given == null) {
            return NONE;
        }
        try {
            return new TrustedProxies(Network.list(given));
        } catch (IllegalArgumentException e) {
            in.fault(SETTING, given, "networks such as 10.0.0.0/8,fd00::/8, with commas between");
            return NONE;
        }
    }

    /**
     * The address of the caller.
     *
     * @param peer at the other end of the connection
     * @param forwarded the values of {@code X-Forwarded-For}, in their order
     */
    String caller(String peer, List<String> forwarded) {
        if (networks.isEmpty() || forwarded.isEmpty()) {
            return peer;
        }
        String[] chain = String.join(",", forwarded).split(",", -1);
        InetAddress caller = literal(peer);
        for (int i = chain.length - 1; i >= 0 && caller != null && trusts(caller); i--) {
            InetAddress before = literal(chain[i].strip());
            if (before == null) {
                break;
            }
            caller = before;
        }
        return caller == null ? peer : caller.getHostAddress();
    }

    /**
     * What stands for all addresses that one caller can have: an IPv4 address itself, of IPv6 the
     * network of 64 bits, which every home and every machine has for itself.
     */
    static String household(String address) {
        if (address.indexOf(':') < 0) {
            return address;
        }
        InetAddress whole = literal(address);
        if (whole == null || whole.getAddress().length != IPV6_BYTES) {
            return address;
        }
        byte[] network = Arrays.copyOf(whole.getAddress(), NETWORK_BYTES);
        return HexFormat.of().formatHex(network) + "::/64";
    }

    private boolean trusts(InetAddress address) {
        byte[] bytes = address.getAddress();
        return networks.stream().anyMatch(network -> network.contains(bytes));
    }

    /** Null when it is a name, or anything else that is no address; nothing is looked up. */
    private static @Nullable InetAddress literal(String text) {
        try {
            return InetAddress.ofLiteral(text);
        } catch (IllegalArgumentException e) {
            return null;
        }
    }
}
