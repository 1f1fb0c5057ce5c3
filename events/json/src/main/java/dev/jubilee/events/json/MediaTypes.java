package dev.jubilee.events.json;

/** Which media types JSON carries in the clear. */
public final class MediaTypes {
    private MediaTypes() {}

    /** Whether data of this type is JSON: the subtype is {@code json} or ends in {@code +json}. */
    public static boolean isJson(String mediaType) {
        int end = mediaType.indexOf(';');
        String bare = (end < 0 ? mediaType : mediaType.substring(0, end)).strip();
        return endsWith(bare, "/json") || endsWith(bare, "+json");
    }

    /** Whether data of this type is text. */
    static boolean isText(String mediaType) {
        return mediaType.regionMatches(true, 0, "text/", 0, 5);
    }

    private static boolean endsWith(String text, String end) {
        return text.regionMatches(true, text.length() - end.length(), end, 0, end.length());
    }
}
